"""How are hundreds of rows written at once? As one statement on SQLite, and by COPY on PostgreSQL.

With psycopg many rows of one INSERT are as many statements, planned and answered one by one: of 50 attempts each took
95 µs, 35 of them of this process, and by COPY takes 25, 15 of them of this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session

_Encode = Callable[[Any], Any]


def insert_rows(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert these rows, all of which give the same columns, in the session's transaction.

    Defaults that are made in Python are not filled in. Raises sqlalchemy's errors, as any statement does.
    """
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        # Core, because the ORM would look at every row twice.
        connection.execute(_insert(table), rows)


@lru_cache(maxsize=16)
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    text, columns = _copying(table, tuple(rows[0]), connection.dialect)
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row([encode(row[name]) if encode else row[name] for name, encode in columns])
    except psycopg.Error as error:
        # What calls us tells a database that is away from a row that cannot be written by sqlalchemy's classes. From
        # None, because a log of the chain would print what is left out here.
        raise sa.exc.DBAPIError.instance(text, (), _without_values(error), psycopg.Error) from None


def _without_values(error: psycopg.Error) -> psycopg.Error:
    """The error with the server's first sentence alone: its detail and its context quote the row."""
    told = type(error)(error.diag.message_primary or str(error))  # no sentence: it is the driver's own
    told.sqlstate = error.sqlstate
    return told


@lru_cache(maxsize=16)
def _copying(
    table: sa.Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, _Encode | None]]]:
    """The statement, and how the values of each column are encoded."""
    quoted = dialect.identifier_preparer
    columns = ", ".join(quoted.quote(table.c[name].name) for name in names)
    encoders = [(name, _encoder(table.c[name], dialect)) for name in names]
    return f"COPY {quoted.format_table(table)} ({columns}) FROM STDIN", encoders


def _encoder(column: sa.Column[Any], dialect: Dialect) -> _Encode | None:
    return column.type.dialect_impl(dialect).bind_processor(dialect)
