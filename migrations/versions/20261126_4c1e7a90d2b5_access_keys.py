"""Give each listener the key by which an index finds it, and fill it in for those that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from webhooks_app.access_key import stored_key

revision = "4c1e7a90d2b5"
down_revision = "5b0c9d1e7a42"
branch_labels = None
depends_on = None

ACCESS_KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEPT = sa.text("deleted_at IS NULL")
ROWS_AT_ONCE = 1_000


def upgrade() -> None:
    op.add_column(
        "webhooks_listeners", sa.Column("access_key", ACCESS_KEY, nullable=False, server_default="*")
    )
    # Where only the SQL is written, there are no rows to read: those that are there keep "*", and are asked of each
    # event until somebody saves them.
    if not context.is_offline_mode():
        _fill(op.get_bind())
    op.create_index(
        "ix_webhooks_listeners_access_key",
        "webhooks_listeners",
        ["hook", "access_key"],
        sqlite_where=KEPT,
        postgresql_where=KEPT,
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_listeners_access_key", "webhooks_listeners")
    op.drop_column("webhooks_listeners", "access_key")


def _fill(connection: sa.Connection) -> None:
    # Not a copy of the rule as it is today: the keys have to be those that the code which runs then will seek.
    listeners = sa.table(
        "webhooks_listeners", *(sa.column(name, sa.Text) for name in ("id", "filter", "access_key"))
    )
    some = sa.select(listeners.c.id, listeners.c.filter).order_by(listeners.c.id).limit(ROWS_AT_ONCE)
    fill = (
        sa.update(listeners)
        .where(listeners.c.id == sa.bindparam("row"))
        .values(access_key=sa.bindparam("access"))
    )
    rows = connection.execute(some).all()
    while rows:
        keys = [{"row": row.id, "access": stored_key(row.filter)} for row in rows]
        connection.execute(fill, keys)
        rows = connection.execute(some.where(listeners.c.id > rows[-1].id)).all()
