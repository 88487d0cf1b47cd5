"""Let a listener trust authorities of its own in place of the public ones

Revision ID: d74f9a3c1b26
Revises: c63f8e2b0915
"""

import sqlalchemy as sa
from alembic import op

revision = "d74f9a3c1b26"
down_revision = "c63f8e2b0915"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("webhooks_listeners", sa.Column("trusted_ca", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("webhooks_listeners", "trusted_ca")
