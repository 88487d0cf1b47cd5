"""How is the database reached, so that several processes can write to it and a crash loses nothing?

SQLite: write-ahead log, synced at every commit, and a BEGIN of our own, because a read transaction cannot be
upgraded: whoever will write begins IMMEDIATE, and lines up for the only lock. PostgreSQL: a connection is
tried before it is used, and no statement is prepared, so that a pooler in transaction mode works.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
import weakref
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

BEGIN_SECONDS = 15.0  # how long a writer lines up
_LOOK_SECONDS = 0.001  # between its looks at the lock, which whoever commits holds for some milliseconds
_SELDOM_AFTER, _SELDOM_SECONDS = 0.5, 0.010  # somebody holds it for long
_BUSY_TIMEOUT = "busy_timeout=5000"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", _BUSY_TIMEOUT)

# With a server that vanished without a word (a cut line, a firewall that forgot us) a thread would wait two minutes
# for a connection, and a quarter of an hour for an answer. What the URL says itself counts more.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds, for what we sent and nobody confirmed
}


def make_engine(url: str | sa.URL) -> sa.Engine:
    """An SQLAlchemy engine for SQLite or PostgreSQL; the execution option `sqlite_begin` says how to BEGIN."""
    engine = sa.create_engine(url, **engine_options(url))
    settle(engine)
    return engine


def engine_options(url: str | sa.URL) -> dict[str, Any]:
    """What `sqlalchemy.create_engine` is told besides the URL."""
    # Payloads, hashes and addresses do not belong into a log because a statement failed.
    told = {"hide_parameters": True}
    if sa.make_url(url).get_backend_name() == "sqlite":
        return told
    # None, not 0: PgBouncer hands each transaction another server connection (psycopg, "prepare").
    chosen = {name: value for name, value in _PATIENCE.items() if name not in sa.make_url(url).query}
    return {**told, "pool_pre_ping": True, "connect_args": {"prepare_threshold": None, **chosen}}


def settle(engine: sa.Engine) -> None:
    """Give an engine that somebody made what ours have; once an engine."""
    if engine.dialect.name == "sqlite":
        listen(engine)
    _forget_connections_after_fork(engine)


def sessions_for(engine: sa.Engine) -> sessionmaker[Session]:
    """Sessions that write: on SQLite they begin IMMEDIATE, and their rows stay readable after the commit."""
    return sessionmaker(engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False)


def readings_for(engine: sa.Engine) -> sessionmaker[Session]:
    """Sessions that only read: on SQLite they begin DEFERRED, so that no writer waits for them, nor they for one."""
    return sessionmaker(engine, expire_on_commit=False)


def listen(engine: sa.Engine) -> None:
    """Give every connection of an SQLite engine our settings and our BEGIN."""
    sa.event.listen(engine, "connect", _settle)
    sa.event.listen(engine, "begin", _begin)


def _settle(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not BEGIN by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    how = options.get("sqlite_begin", "DEFERRED")
    if how == "DEFERRED":
        connection.exec_driver_sql("BEGIN DEFERRED")  # takes no lock
        return
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        if not _has_begun(cursor, f"BEGIN {how}", seconds=options.get("sqlite_patience", BEGIN_SECONDS)):
            connection.exec_driver_sql(f"BEGIN {how}")  # whose error is SQLAlchemy's
    finally:
        cursor.execute(f"PRAGMA {_BUSY_TIMEOUT}")


def _has_begun(cursor: Any, statement: str, *, seconds: float) -> bool:
    """Line up for the lock; False where the statement fails for another reason, or in vain for so long.

    SQLite's own busy handler sleeps longer after each look, up to 0.1 s, and is not fair: where four processes write,
    who came at a bad moment lost to all who came after, and events waited for hundreds of milliseconds.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        try:
            cursor.execute(statement)
        except sqlite3.DatabaseError as error:  # also of a damaged file, which is no OperationalError
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        pause = _LOOK_SECONDS if waited < _SELDOM_AFTER else _SELDOM_SECONDS
        time.sleep(pause * random.uniform(0.5, 1.5))  # nosec B311 # jitter, not a secret
    return False


def _forget_connections_after_fork(engine: sa.Engine) -> None:
    # Two processes that share one socket would read each other's answers.
    known = weakref.ref(engine)

    def forget() -> None:
        found = known()
        if found is not None:
            found.dispose(close=False)

    os.register_at_fork(after_in_child=forget)
