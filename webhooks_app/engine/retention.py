"""What is old enough to delete? Deliveries that have ended, events that nobody waits for, what was sent and answered.

Never what is not finished. Found by reading along an index, a window of rows at a time, and deleted in
transactions of their own, which grow and shrink so that nobody waits long for their locks; a crash in between
leaves nothing half done. On a full disk SQLite cannot even delete: a floor of free space guards against that
(`room`), not this.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import SYSTEM, Actor, note
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.failpoints import reach
from webhooks_app.settings import Settings
from webhooks_app.storage.models import FINAL, Attempt, Delivery, Event, Status
from webhooks_app.storage.people import Idempotency, SignInLink

log = logging.getLogger("webhooks_app.retention")

WINDOW = 1_000  # rows looked at in one reading transaction
# An answer may have 64 KiB, and SQLite, where it is built as Debian's is, overwrites what it deletes: five hundred
# of them held its lock for 130 to 170 ms, a hundred for 45 and on a slow disk for 330; these hold it for 20 there.
MOST_AT_ONCE = 25
FEWEST_AT_ONCE = 10
TOO_LONG_SECONDS = 0.050  # a transaction that took longer is followed by a smaller one
SHORT_SECONDS = 0.020
SHORTEST_PAUSE_SECONDS = 0.005

_DELIVERIES = cast("sa.Table", Delivery.__table__)
_EVENTS = cast("sa.Table", Event.__table__)
_ATTEMPTS = cast("sa.Table", Attempt.__table__)
_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is older than these moments may go."""

    rest: datetime
    failed: datetime
    bodies: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows were deleted, or would be; of how many attempts the headers and bodies."""

    deliveries: int = 0
    events: int = 0
    bodies: int = 0


def limits_at(now: datetime, settings: Settings) -> Limits:
    """The moments that the settings' three spans give. Pure."""
    return Limits(
        rest=now - timedelta(days=settings.retention_days),
        failed=now - timedelta(days=settings.retention_failed_days),
        bodies=now - timedelta(days=settings.retention_body_days),
    )


def goes_at(delivery: Delivery, settings: Settings) -> datetime | None:
    """When an ended delivery is old enough to be deleted; None while it has not ended. Pure."""
    if delivery.status not in FINAL or delivery.finished_at is None:
        return None
    days = settings.retention_failed_days if delivery.status == Status.FAILED else settings.retention_days
    return delivery.finished_at + timedelta(days=days)


class Pace:
    """How many rows go at once, and how long the pause after them is: nobody shall wait long for a lock."""

    def __init__(self, sleep: Callable[[float], object] = time.sleep) -> None:
        self.at_once = MOST_AT_ONCE
        self._sleep = sleep

    def took(self, seconds: float) -> None:
        """Draw the lesson from a transaction that took so long, and let others have their turn."""
        if seconds > TOO_LONG_SECONDS:
            self.at_once = max(FEWEST_AT_ONCE, self.at_once // 2)
        elif seconds < SHORT_SECONDS:
            self.at_once = min(MOST_AT_ONCE, self.at_once * 2)
        self._sleep(max(SHORTEST_PAUSE_SECONDS, seconds))


def prune(
    engine: Engine,
    *,
    goes_on: Callable[[], bool] = lambda: True,
    pace: Pace | None = None,
    by: Actor = SYSTEM,
) -> Pruned:
    """Delete what is old enough, until all of it is gone or `goes_on` says no; gives what was deleted.

    What a person has deleted is in the audit log; what the settings delete every hour needs no entry each time.
    """
    limits, pace = limits_at(engine.clock(), engine.settings), pace or Pace()
    counts = {
        name: sum(_in_pieces(engine, ids, statement, goes_on=goes_on, pace=pace) for ids in found)
        for name, found, statement in _steps(engine, limits)
    }
    _forget_expired(engine)
    if by != SYSTEM and any(counts.values()):
        with engine.sessions.begin() as session:
            note(session, by, "prune", "deliveries", "old ones", after=counts, at=engine.clock())
    return Pruned(**counts)


def would_prune(engine: Engine) -> Pruned:
    """What `prune` would delete just now."""
    limits = limits_at(engine.clock(), engine.settings)
    return Pruned(**{name: sum(map(len, found)) for name, found, _ in _steps(engine, limits)})


def _steps(engine: Engine, limits: Limits) -> Iterator[tuple[str, Iterator[list[str]], Any]]:
    """Deliveries before the events that they hold; each is found when the one before is gone."""
    over = _is_over(limits)
    yield (
        "deliveries",
        _windows(engine, _DELIVERIES, "created_at", limits.rest, over),
        _deletion(_DELIVERIES, over),
    )
    unneeded = _is_unneeded(limits)
    yield (
        "events",
        _windows(engine, _EVENTS, "created_at", limits.rest, unneeded),
        _deletion(_EVENTS, unneeded),
    )
    kept = _has_ended(limits)
    clearing = (
        sa.update(_ATTEMPTS)
        .where(_ATTEMPTS.c.id.in_(_IDS), kept)
        .values(request_headers=None, response_headers=None, response_body=None)
    )
    yield "bodies", _windows(engine, _ATTEMPTS, "started_at", limits.bodies, kept, index=_IS_KEPT), clearing


def _is_over(limits: Limits) -> sa.ColumnElement[bool]:
    """Deliveries that ended long enough ago; what failed stays longer, for whoever wants to mend it."""
    row = _DELIVERIES.c
    ended_well = row.status.in_([Status.DELIVERED, Status.CANCELLED]) & (row.finished_at < limits.rest)
    return ended_well | ((row.status == Status.FAILED) & (row.finished_at < limits.failed))


def _is_unneeded(limits: Limits) -> sa.ColumnElement[bool]:
    """Events that were dispatched and have no delivery, or only such as may go."""
    row = _DELIVERIES.c
    needed = sa.exists().where(row.event_id == _EVENTS.c.id, sa.not_(_is_over(limits)))
    return _EVENTS.c.dispatched_at.is_not(None) & (_EVENTS.c.created_at < limits.rest) & ~needed


# In the words of the index of attempts whose headers and bodies are kept.
_IS_KEPT = _ATTEMPTS.c.request_headers.is_not(None)


def _has_ended(limits: Limits) -> sa.ColumnElement[bool]:
    """Attempts that keep what was sent and answered, and whose delivery has ended but stays."""
    row = _DELIVERIES.c
    ended = sa.exists().where(
        row.id == _ATTEMPTS.c.delivery_id, row.status.in_(FINAL), sa.not_(_is_over(limits))
    )
    return (_ATTEMPTS.c.started_at < limits.bodies) & ended


def _deletion(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Delete:
    """By id, and only what still fulfils the condition: somebody may have reopened it meanwhile."""
    return sa.delete(table).where(table.c.id.in_(_IDS), condition)


def _windows(
    engine: Engine,
    table: sa.Table,
    moment: str,
    before: datetime,
    condition: sa.ColumnElement[bool],
    *,
    index: sa.ColumnElement[bool] | None = None,
) -> Iterator[list[str]]:
    """The ids that fulfil the condition, oldest first: those of each window of rows along the index of `moment`.

    What does not fulfil it is passed over and not read again: a database that looked for the first hundred by
    itself would read the same kept rows for each hundred.
    """
    at, row_id = table.c[moment], table.c.id
    rows = (
        sa.select(at, row_id, condition.label("may_go")).where(at < before).order_by(at, row_id).limit(WINDOW)
    )
    if index is not None:
        rows = rows.where(index)
    last: sa.Tuple | None = None
    while True:
        query = rows if last is None else rows.where(sa.tuple_(at, row_id) > last)
        with engine.readings() as session:
            window = session.execute(query).all()
        yield [row.id for row in window if row.may_go]
        if len(window) < WINDOW:
            return
        last = sa.tuple_(sa.literal(window[-1][0], at.type), window[-1].id)


def _in_pieces(
    engine: Engine, ids: Sequence[str], statement: Any, *, goes_on: Callable[[], bool], pace: Pace
) -> int:
    """Run the statement for these ids, a few at a time; how many rows it met."""
    done, start = 0, 0
    while start < len(ids) and goes_on():
        piece = ids[start : start + pace.at_once]
        start += len(piece)
        began = time.monotonic()
        done += tried_again(lambda piece=piece: _run(engine, statement, piece))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        pace.took(time.monotonic() - began)
    return done


def _run(engine: Engine, statement: Any, ids: Sequence[str]) -> int:
    try:
        with engine.sessions.begin() as session:
            met = cast("sa.CursorResult[Any]", session.execute(statement, {"ids": list(ids)})).rowcount
            reach("prune.mid")
    except sa.exc.IntegrityError as error:
        # Somebody made a delivery of one of these events in this very moment: they stay until the next time.
        log.info("Some events are needed again (%s).", error.orig)
        return 0
    return int(met)


def _forget_expired(engine: Engine) -> None:
    """Idempotency keys and sign-in links that are of no use any more."""
    now = engine.clock()
    with engine.sessions.begin() as session:
        for table in (Idempotency, SignInLink):
            session.execute(
                sa.delete(table).where(table.expires_at < now).execution_options(synchronize_session=False)
            )
