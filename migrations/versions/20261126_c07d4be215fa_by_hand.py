"""Let a person have one delivery of a stopped listener tried

Revision ID: c07d4be215fa
Revises: 9e3b61f7c8d4
"""

import sqlalchemy as sa
from alembic import op

revision = "c07d4be215fa"
down_revision = "9e3b61f7c8d4"
branch_labels = None
depends_on = None


def upgrade():
    # The default is for the rows that are there; ours say it themselves.
    column = sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("webhooks_deliveries", column)


def downgrade():
    op.drop_column("webhooks_deliveries", "by_hand")
