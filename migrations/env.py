"""How do migrations reach the database? By a given connection, else by the Flask application's.

Only our own tables are seen (`webhooks_*`), and the revision stands in a version table of our own, so that
an application that embeds this package migrates its tables without noticing ours, and the other way round.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.types import TypeEngine

from webhooks_app.storage.migrations import VERSION_TABLE
from webhooks_app.storage.models import Base
from webhooks_app.storage.types import Json, Moment

# Any number of ours: it only has to differ from other programs' advisory locks in the same database.
_LOCK = 7_302_911_845


def is_ours(_thing: Any, name: str | None, type_: str, _reflected: bool, _compare_to: Any) -> bool:
    """Whether a table belongs to this package; the demo's and the host's do not."""
    if type_ != "table":
        return True
    return (name or "").startswith("webhooks_") and name in Base.metadata.tables


def render_item(type_: str, thing: Any, _autogen: Any) -> str | bool:
    """Write our column types as what they are in the database: a migration must not change with the code."""
    plain: dict[type[TypeEngine[Any]], str] = {Moment: "sa.BigInteger()", Json: "sa.Text()"}
    return plain.get(type(thing), False) if type_ == "type" else False


def skip_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Write no migration file when nothing changed."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run_offline() -> None:
    """Print the SQL instead of running it (`flask db upgrade --sql`)."""
    _configure(url=_application_engine().url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the migrations on a connection."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _run(given)
        return
    with _application_engine().execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
        _run(connection)


def _application_engine() -> sa.Engine:
    from flask import current_app

    engine: sa.Engine = current_app.extensions["migrate"].db.engine
    return engine


def _configure(**more: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_object=is_ours,
        render_item=render_item,
        render_as_batch=True,
        process_revision_directives=skip_empty,
        transactional_ddl=True,  # our own BEGIN makes it true of SQLite as well
        **more,
    )


def _run(connection: sa.Connection) -> None:
    _switch_foreign_keys(connection, on=False)
    try:
        _configure(connection=connection)
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                # Two processes that start at once: the second waits here, then finds nothing to do.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            context.run_migrations()
    finally:
        _switch_foreign_keys(connection, on=True)


def _switch_foreign_keys(connection: sa.Connection, *, on: bool) -> None:
    # SQLite changes a table by copying and dropping it, and the drop would delete what refers to its rows.
    # The pragma counts only outside a transaction, so it goes past SQLAlchemy, which would begin one.
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
