"""Who gets an event? Claims events that wait, matches them, writes their deliveries, queues batches of ids.

One transaction claims and writes, so that an event is dispatched once or not at all. Then the ids are
queued; what the queue does not take stays in the database for the sweep.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, QueueUnreachable, candidates, seeking
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.queueing import BATCH, push, room_for_jobs
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.insert import insert_rows
from webhooks_app.storage.models import Delivery, Event, Listener, State, Status

log = logging.getLogger("webhooks_app.dispatch")

EVENTS_AT_ONCE = 500
LONGEST_SECONDS = 30.0  # then the job ends and rings for the rest, well within its timeout
# An event may have thousands of listeners: a transaction that grew with them would keep SQLite's only lock from every
# other writer, and in the end be cut off by the job's timeout, again and again.
MOST_DELIVERIES = 10_000
_ROWS_AT_ONCE = 1_000
_IDS_AT_ONCE = 500  # SQLite takes 32,766 values in a statement
Deliver = Callable[[Sequence[str]], None]
_DELIVERIES = cast("sa.Table", Delivery.__table__)


@dataclass(frozen=True, slots=True)
class _Dispatched:
    """What one transaction wrote: how many events, and the deliveries that may go at once; `left`: for the next one."""

    events: int
    due_ids: list[str]
    left: int = 0
    is_kept: bool = False  # not to be queued: who dispatched delivers them


def dispatch(engine: Engine, *, seconds: float = LONGEST_SECONDS, deliver: Deliver | None = None) -> int:
    """Dispatch the events that wait, for so long at most, and ring for the rest; gives how many there were.

    With `deliver` a small last batch is given to it, and not queued: of an event that comes alone a second job would
    be half of the work, and behind what waits in the queue it would wait for a second time.
    """
    try:
        engine.queue.answer()  # before the claim, so that a later ring is not lost
    except QueueUnreachable as error:
        engine.queue_is_away(error)
    reach("dispatch.after_pop")
    total, most, until = 0, EVENTS_AT_ONCE, time.monotonic() + seconds
    while time.monotonic() < until:
        room = room_for_jobs(engine)
        kept = BATCH if deliver and room else 0
        done = tried_again(partial(_dispatch_some, engine, most=most, room=room, kept=kept))
        total += done.events
        is_last = done.events < most and not done.left
        if deliver and done.is_kept:
            deliver(done.due_ids)
        else:
            push(engine, done.due_ids[: room * BATCH])
        if is_last:
            return total
        # As many as had room in the last transaction; the next ones may have fewer listeners.
        most = done.events if done.left else min(2 * most, EVENTS_AT_ONCE)
    _ring_for_more(engine)
    return total


def dispatch_events(engine: Engine, event_ids: Sequence[str]) -> list[str]:
    """Dispatch just these events, without queueing; gives the ids of the deliveries that may go at once."""
    due_ids: list[str] = []
    for start in range(0, len(event_ids), _IDS_AT_ONCE):
        ids, left = event_ids[start : start + _IDS_AT_ONCE], 1
        while left:
            done = tried_again(partial(_dispatch_these, engine, ids))
            due_ids += done.due_ids
            left = done.left
    return due_ids


def _ring_for_more(engine: Engine) -> None:
    try:
        engine.queue.ring()
    except QueueUnreachable as error:
        engine.queue_is_away(error)


def _dispatch_some(engine: Engine, *, most: int, room: int, kept: int) -> _Dispatched:
    now = engine.clock()
    with engine.sessions.begin() as session:
        events = _claim(session, now, most=most)
        if len(events) == most:
            kept = 0  # more events wait
        done = _write_deliveries(session, events, now=now, queued=room * BATCH, kept=kept)
        reach("dispatch.before_commit")
    reach("dispatch.after_commit")
    return done


def _dispatch_these(engine: Engine, event_ids: Sequence[str]) -> _Dispatched:
    now = engine.clock()
    with engine.sessions.begin() as session:
        events = _claim(session, now, ids=event_ids)
        return _write_deliveries(session, events, now=now, queued=0)


def _claim(
    session: Session, now: datetime, *, most: int = EVENTS_AT_ONCE, ids: Sequence[str] | None = None
) -> list[Any]:
    waiting = sa.select(Event.id).where(Event.dispatched_at.is_(None)).order_by(Event.created_at).limit(most)
    if ids is not None:
        waiting = waiting.where(Event.id.in_(ids))
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


def _write_deliveries(
    session: Session, events: Sequence[Any], *, now: datetime, queued: int, kept: int = 0
) -> _Dispatched:
    """Write what the events bring; the first `queued` of it say that they stand in the queue.

    Up to `kept` deliveries that are all there is do not: they are never queued, and if whoever keeps them dies, the
    next sweep finds them.
    """
    if not events:
        return _Dispatched(0, [])
    rows: list[dict[str, Any]] = []
    matched = 0
    for event, listeners in seeking.of_events(session, events):
        rows += [_row(event, one, now=now) for one in _chosen(event, listeners)]
        matched += 1
        if len(rows) >= MOST_DELIVERIES:
            break
    _leave_for_later(session, events[matched:])
    _send_if_resumed(session, rows)
    due_ids = [row["id"] for row in rows if row["status"] == Status.PENDING]
    left = len(events) - matched
    is_kept = not left and 0 < len(due_ids) <= kept
    for row in (row for row in rows if row["status"] == Status.PENDING):
        if is_kept or queued <= 0:
            break
        row["queued_at"] = now
        queued -= 1
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        insert_rows(session, _DELIVERIES, rows[start : start + _ROWS_AT_ONCE])
    return _Dispatched(matched, due_ids, left=left, is_kept=is_kept)


def _leave_for_later(session: Session, events: Sequence[Any]) -> None:
    """Let these events wait on: they were claimed in the same transaction, and it has enough to write."""
    if events:
        waits = (
            sa.update(Event).where(Event.id.in_([event.id for event in events])).values(dispatched_at=None)
        )
        session.execute(waits, execution_options={"synchronize_session": False})


def _chosen(event: Any, listeners: Sequence[candidates.Candidate]) -> list[candidates.Chosen]:
    """Who gets the event; where matching breaks down, who cannot be asked gets it held, and the others as ever."""
    try:
        return candidates.choose(listeners, json.loads(event.body), event.changes)
    except Exception:
        # Broad, because one event that breaks a matcher would stop all others for as long as it waits.
        log.exception("The event %s could not be matched; its listeners are asked one by one.", event.id)
    return [one for listener in listeners for one in _chosen_alone(event, listener)]


def _chosen_alone(event: Any, listener: candidates.Candidate) -> list[candidates.Chosen]:
    try:
        return candidates.choose([listener], json.loads(event.body), event.changes)
    except Exception as error:  # noqa: BLE001 (as above, where it was logged; this delivery says it)
        reason = candidates.FILTER_UNUSABLE.format(reason=type(error).__name__)
        return [candidates.Chosen(listener.listener_id, held=reason)]


def _send_if_resumed(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """What would be held for a listener that somebody resumes just now goes out instead.

    Who resumes it releases what is held by then; what were held after that would be held for ever. So we wait for
    them, and they for us. (Listeners are locked by id here, and by their deliveries' foreign key after that.)
    """
    held = {row["listener_id"] for row in rows if row["reason"] in candidates.HELD_BECAUSE.values()}
    if not held:
        return
    still = (
        sa.select(Listener.id, Listener.state)
        .where(Listener.id.in_(held))
        .order_by(Listener.id)
        .with_for_update(read=True, key_share=True)
    )
    active = {listener_id for listener_id, state in session.execute(still) if state == State.ACTIVE}
    for row in rows:
        if row["listener_id"] in active and row["reason"] in candidates.HELD_BECAUSE.values():
            row["status"], row["reason"] = Status.PENDING, ""


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
        "slow": False,
        "created_at": now,
        "attempt_count": 0,
        "tries": 0,
        "alone": False,
        "crashes": 0,
        "by_hand": False,
        "replay_no": 0,
        "test": False,
    }
