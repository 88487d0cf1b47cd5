"""How does a database come to hold very many deliveries? By INSERT … SELECT from a row of numbers, a piece at a time.

Whatever a row holds follows from its number, which counts from 0, the oldest. An event has five deliveries, and
the listeners take turns; ids sort by time, as the product's own do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from tests.bench.progress import progress
from tests.factories import make_listener
from webhooks_app.engine import Engine
from webhooks_app.storage.models import Attempt, Base, Delivery, Event
from webhooks_app.storage.types import to_ms

HOOK = "person"
LISTENERS = 20
PER_EVENT = 5
PIECE = 50_000  # deliveries in one transaction

Number = sa.ColumnElement[int]
Columns = Mapping[str, sa.ColumnElement[Any]]
Hexed = Callable[[Number], sa.ColumnElement[str]]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a case wants to have stored: columns by their names, for the number of a delivery."""

    count: int
    made_ms: Callable[[Number], Number]
    delivery: Callable[[Number], Columns]  # its status, and what goes with it
    is_attempted: Callable[[Number], sa.ColumnElement[bool]]
    attempt: Callable[[Number], Columns]


def row_id(number: int) -> str:
    """The id that the row with this number has."""
    return f"{number:032x}"


def evenly(until: datetime, count: int, *, apart_ms: int) -> Callable[[Number], Number]:
    """Moments for so many deliveries, the last one made at `until`."""
    first_ms = to_ms(until) - (count - 1) * apart_ms
    return lambda number: number * apart_ms + sa.literal(first_ms, sa.BigInteger)


def store(engine: Engine, rows: Rows) -> None:
    """Make the tables, the listeners and the rows, and let PostgreSQL count them."""
    bind = engine.sessions.kw["bind"]
    Base.metadata.create_all(bind)
    for number in range(LISTENERS):
        make_listener(engine, id=row_id(number), hook=HOOK)
    for first in range(0, rows.count, PIECE):
        last = min(first + PIECE, rows.count)
        _store_piece(engine, first, last, rows)
        progress(f"{bind.dialect.name}, {last} of {rows.count} deliveries stored")
    if bind.dialect.name == "postgresql":
        # What autovacuum would do sooner or later, and then in the midst of a measurement.
        with bind.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _store_piece(engine: Engine, first: int, last: int, rows: Rows) -> None:
    events = _numbers(first // PER_EVENT, -(-last // PER_EVENT))
    numbers = _numbers(first, last)
    with engine.sessions.begin() as session:
        hexed = _hexed_on(session.get_bind().dialect.name)
        made = rows.made_ms(events * PER_EVENT)
        event = {"id": hexed(events), "hook": sa.literal(HOOK), "body": sa.literal('{"name":"Joe"}')}
        session.execute(_insert(Event, {**event, "created_at": made, "dispatched_at": made}))
        session.execute(_insert(Delivery, _delivery(numbers, hexed, rows)))
        session.execute(_insert(Attempt, _attempt(numbers, hexed, rows), rows.is_attempted(numbers)))


def _delivery(number: Number, hexed: Hexed, rows: Rows) -> Columns:
    return {
        "id": hexed(number),
        "event_id": hexed(number // PER_EVENT),
        "listener_id": hexed(number % LISTENERS),
        "hook": sa.literal(HOOK),
        "created_at": rows.made_ms(number),
        **rows.delivery(number),
    }


def _attempt(number: Number, hexed: Hexed, rows: Rows) -> Columns:
    return {
        "id": hexed(number),
        "delivery_id": hexed(number),
        "number": sa.literal(1),
        "started_at": rows.made_ms(number),
        **rows.attempt(number),
    }


def _insert(model: type[Base], columns: Columns, *conditions: sa.ColumnElement[bool]) -> sa.Insert:
    # Columns that are not given get their defaults, which are constants.
    table = cast("sa.Table", model.__table__)
    return sa.insert(table).from_select(list(columns), sa.select(*columns.values()).where(*conditions))


def _numbers(first: int, end: int) -> Number:
    """A column of the numbers from `first` up to `end`, which is left out."""
    begin = sa.select(sa.literal(first, sa.BigInteger).label("number")).cte("numbers", recursive=True)
    numbers = begin.union_all(sa.select(begin.c.number + 1).where(begin.c.number + 1 < end))
    return numbers.c.number


def _hexed_on(dialect: str) -> Hexed:
    if dialect == "postgresql":
        return lambda number: sa.func.lpad(sa.func.to_hex(number), 32, "0")
    return lambda number: sa.func.printf("%032x", number)
