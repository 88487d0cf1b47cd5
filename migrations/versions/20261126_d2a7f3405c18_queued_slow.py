"""Say in which queue a delivery stands, so that each queue is judged on its own length

A delivery that stands in the slow queue by now counts as a quick one: it may be queued a second time, which
delivers nothing twice, and is then given back to the slow queue.

Revision ID: d2a7f3405c18
Revises: c07d4be215fa
"""

import sqlalchemy as sa
from alembic import op

revision = "d2a7f3405c18"
down_revision = "c07d4be215fa"
branch_labels = None
depends_on = None


WAITS = "status IN ('pending', 'retrying')"


def upgrade():
    # The default is for the rows that are there, and for workers of the version before.
    column = sa.Column("slow", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("webhooks_deliveries", column)
    op.create_index(
        "ix_webhooks_deliveries_slow",
        "webhooks_deliveries",
        ["queued_at"],
        sqlite_where=sa.text(f"slow = 1 AND {WAITS}"),
        postgresql_where=sa.text(f"slow AND {WAITS}"),
    )


def downgrade():
    op.drop_index("ix_webhooks_deliveries_slow", table_name="webhooks_deliveries")
    op.drop_column("webhooks_deliveries", "slow")
