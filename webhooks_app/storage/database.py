"""How is the database reached, so that several processes can write to it and a crash loses nothing?

SQLite: write-ahead log, synced at every commit, five seconds of patience, and a BEGIN of our own, because
a read transaction cannot be upgraded: whoever will write begins IMMEDIATE. PostgreSQL: a connection is
tried before it is used, and no statement is prepared, so that a pooler in transaction mode works.
"""

from __future__ import annotations

import os
import weakref
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


def make_engine(url: str | sa.URL) -> sa.Engine:
    """An SQLAlchemy engine for SQLite or PostgreSQL; the execution option `sqlite_begin` says how to BEGIN."""
    url = sa.make_url(url)
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url)
        listen(engine)
    else:
        # None, not 0: PgBouncer hands each transaction another server connection (psycopg, "prepare").
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None})
    _forget_connections_after_fork(engine)
    return engine


def sessions_for(engine: sa.Engine) -> sessionmaker[Session]:
    """Sessions that write: on SQLite they begin IMMEDIATE, and their rows stay readable after the commit."""
    return sessionmaker(engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False)


def listen(engine: sa.Engine) -> None:
    """Give every connection of an SQLite engine our settings and our BEGIN."""
    sa.event.listen(engine, "connect", _settle)
    sa.event.listen(engine, "begin", _begin)


def _settle(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not BEGIN by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get("sqlite_begin", "DEFERRED"))


def _forget_connections_after_fork(engine: sa.Engine) -> None:
    # Two processes that share one socket would read each other's answers.
    known = weakref.ref(engine)

    def forget() -> None:
        found = known()
        if found is not None:
            found.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
