"""Say at an attempt which addresses of the receiver's name were not dialled, because they are not public

Revision ID: a41d6c09e7f3
Revises: d2a7f3405c18
"""

import sqlalchemy as sa
from alembic import op

revision = "a41d6c09e7f3"
down_revision = "d2a7f3405c18"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("webhooks_attempts", sa.Column("skipped_ips", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("webhooks_attempts", "skipped_ips")
