"""Let a listener have the bodies of its answers discarded

Revision ID: b52e7d1af804
Revises: a41d6c09e7f3
"""

import sqlalchemy as sa
from alembic import op

revision = "b52e7d1af804"
down_revision = "a41d6c09e7f3"
branch_labels = None
depends_on = None


def upgrade():
    # The default is for the rows that are there, and for processes of the version before.
    column = sa.Column("answer_bodies", sa.String(8), nullable=False, server_default="keep")
    op.add_column("webhooks_listeners", column)


def downgrade():
    op.drop_column("webhooks_listeners", "answer_bodies")
