"""Keep one index of listeners that begins with their hook, so that none but it is taken to find them by keys."""

from __future__ import annotations

from alembic import op

revision = "9e3b61f7c8d4"
down_revision = "5f2c90d17ab3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_webhooks_listeners_hook", "webhooks_listeners")


def downgrade() -> None:
    op.create_index("ix_webhooks_listeners_hook", "webhooks_listeners", ["hook", "state"])
