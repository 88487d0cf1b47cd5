"""Say which of a listener's own headers have values that may be shown

Revision ID: c63f8e2b0915
Revises: b52e7d1af804
"""

import sqlalchemy as sa
from alembic import op

revision = "c63f8e2b0915"
down_revision = "b52e7d1af804"
branch_labels = None
depends_on = None


def upgrade():
    # The default is for the rows that are there, and for processes of the version before: none is shown.
    column = sa.Column("public_headers", sa.Text(), nullable=False, server_default="[]")
    op.add_column("webhooks_listeners", column)


def downgrade():
    op.drop_column("webhooks_listeners", "public_headers")
