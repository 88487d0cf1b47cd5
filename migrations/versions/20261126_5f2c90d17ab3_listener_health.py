"""What is kept about listeners in trouble: failed attempts in a row, and the probes since then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5f2c90d17ab3"
down_revision = "4c1e7a90d2b5"
branch_labels = None
depends_on = None

ROW_ID = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "webhooks_health",
        sa.Column("listener_id", ROW_ID, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("deliveries", sa.Text(), nullable=False),
        sa.Column("first_failure_at", sa.BigInteger(), nullable=True),
        sa.Column("last_failure_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("warned_at", sa.BigInteger(), nullable=True),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("is_failing", sa.Boolean(), nullable=False),
        sa.Column("has_succeeded", sa.Boolean(), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("probe_id", ROW_ID, nullable=True),
        sa.Column("probe_at", sa.BigInteger(), nullable=True),
        sa.Column("backlog_at", sa.BigInteger(), nullable=True),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("listener_id", name=op.f("pk_webhooks_health")),
    )
    op.create_index("ix_webhooks_health_look", "webhooks_health", ["look_at"])


def downgrade() -> None:
    op.drop_table("webhooks_health")
