"""Find the attempts that still keep what was sent and answered

Revision ID: 5b0c9d1e7a42
Revises: 18169f59644b
"""

import sqlalchemy as sa
from alembic import op

revision = "5b0c9d1e7a42"
down_revision = "18169f59644b"
branch_labels = None
depends_on = None

KEEPS_CONTENT = sa.text("request_headers IS NOT NULL")


def upgrade():
    op.create_index(
        "ix_webhooks_attempts_kept",
        "webhooks_attempts",
        ["started_at", "id"],
        sqlite_where=KEEPS_CONTENT,
        postgresql_where=KEEPS_CONTENT,
    )


def downgrade():
    op.drop_index("ix_webhooks_attempts_kept", table_name="webhooks_attempts")
