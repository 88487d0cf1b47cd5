"""Who gets an event? Claims events that wait, matches them, writes their deliveries, queues batches of ids.

One transaction claims and writes, so that an event is dispatched once or not at all. Then the ids are
queued; what the queue does not take stays in the database for the sweep.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, QueueUnreachable, candidates
from webhooks_app.engine.failpoints import reach
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Delivery, Event, Status

log = logging.getLogger("webhooks_app.dispatch")

EVENTS_AT_ONCE = 500
MOST_ROUNDS = 20  # then the job ends and rings for the rest, well within its timeout
BATCH = 100  # ids in a job: 25 cost 0.7 of the throughput, 250 gain a tenth
JOBS_IN_QUEUE = 100  # so that a backlog stays in the database and fills neither Redis nor memory
_ROWS_AT_ONCE = 1_000
_DELIVERIES = sa.insert(
    cast("sa.Table", Delivery.__table__)
)  # Core, because the ORM would look at every row twice


@dataclass(frozen=True, slots=True)
class _Dispatched:
    """What one transaction wrote: how many events, and the deliveries that may go at once."""

    events: int
    due_ids: list[str]


def dispatch(engine: Engine) -> int:
    """Dispatch the events that wait, up to 10,000, and ring for the rest; gives how many there were."""
    try:
        engine.queue.answer()  # before the claim, so that a later ring is not lost
    except QueueUnreachable as error:
        log.warning("The doorbell could not be answered: %s", error)
    reach("dispatch.after_pop")
    total = 0
    for _ in range(MOST_ROUNDS):
        room = _room(engine)
        done = _dispatch_some(engine, room=room)
        push(engine, done.due_ids[: room * BATCH])
        total += done.events
        if done.events < EVENTS_AT_ONCE:
            return total
    _ring_for_more(engine)
    return total


def dispatch_events(engine: Engine, event_ids: Sequence[str]) -> list[str]:
    """Dispatch just these events, without queueing; gives the ids of the deliveries that may go at once."""
    with engine.sessions.begin() as session:
        events = _claim(session, engine.clock(), ids=event_ids)
        return _write_deliveries(session, events, now=engine.clock(), queued=0).due_ids


def push(engine: Engine, delivery_ids: Sequence[str], *, slow: bool = False) -> None:
    """Queue these deliveries in batches; if the queue does not answer, the sweep will find them."""
    if not delivery_ids:
        return
    try:
        engine.queue.push(in_batches(delivery_ids), slow=slow)
    except QueueUnreachable as error:
        log.warning(
            "The queue is unreachable (%s). %d deliveries wait for the sweep.", error, len(delivery_ids)
        )


def in_batches(delivery_ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids cut into jobs."""
    return [delivery_ids[start : start + BATCH] for start in range(0, len(delivery_ids), BATCH)]


def _ring_for_more(engine: Engine) -> None:
    try:
        engine.queue.ring()
    except QueueUnreachable as error:
        log.warning("The queue is unreachable (%s). The sweep dispatches what is left.", error)


def _room(engine: Engine) -> int:
    """How many more jobs the queue should hold; none if it does not answer."""
    try:
        return max(0, JOBS_IN_QUEUE - engine.queue.length())
    except QueueUnreachable:
        return 0


def _dispatch_some(engine: Engine, *, room: int) -> _Dispatched:
    now = engine.clock()
    with engine.sessions.begin() as session:
        events = _claim(session, now)
        done = _write_deliveries(session, events, now=now, queued=room * BATCH)
        reach("dispatch.before_commit")
    reach("dispatch.after_commit")
    return done


def _claim(session: Session, now: datetime, *, ids: Sequence[str] | None = None) -> list[Any]:
    waiting = sa.select(Event.id).where(Event.dispatched_at.is_(None))
    if ids is not None:
        waiting = waiting.where(Event.id.in_(ids))
    else:
        waiting = waiting.order_by(Event.created_at).limit(EVENTS_AT_ONCE)
    pick = waiting.with_for_update(skip_locked=True).cte("pick")
    claim = (
        sa.update(Event)
        .where(Event.id.in_(sa.select(pick.c.id)), Event.dispatched_at.is_(None))
        .values(dispatched_at=now)
        .returning(Event.id, Event.hook, Event.body, Event.changes)
        .execution_options(synchronize_session=False)
    )
    return sorted(
        session.execute(claim).all(), key=lambda event: event.id
    )  # the order they were published in


def _write_deliveries(session: Session, events: Iterable[Any], *, now: datetime, queued: int) -> _Dispatched:
    events = list(events)
    if not events:
        return _Dispatched(0, [])
    by_hook = candidates.of_hooks(session, {event.hook for event in events})
    rows: list[dict[str, Any]] = []
    for event in events:
        chosen = candidates.choose(by_hook.get(event.hook, ()), json.loads(event.body), event.changes)
        rows += [_row(event, one, now=now) for one in chosen]
    due_ids = [row["id"] for row in rows if row["status"] == Status.PENDING]
    for row in (row for row in rows if row["status"] == Status.PENDING):
        if queued <= 0:
            break
        row["queued_at"] = now
        queued -= 1
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        session.execute(_DELIVERIES, rows[start : start + _ROWS_AT_ONCE])
    return _Dispatched(len(events), due_ids)


def _row(event: Any, chosen: candidates.Chosen, *, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "event_id": event.id,
        "listener_id": chosen.listener_id,
        "hook": event.hook,
        "status": Status.HELD if chosen.held else Status.PENDING,
        "reason": chosen.held,
        "due_at": now,
        "queued_at": None,
        "created_at": now,
        "attempt_count": 0,
        "tries": 0,
        "alone": False,
        "crashes": 0,
        "replay_no": 0,
        "test": False,
    }
