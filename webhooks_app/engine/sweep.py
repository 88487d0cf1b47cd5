"""What fell between the chairs? Run every second: the database is the truth, and this makes the queue agree.

Events that were never dispatched ring again; deliveries that are due and not queued are queued; claims
whose lease has ended are taken from workers that are gone; listeners in trouble take the next step on the
ladder (`steps`). If the queue does not answer, the work is done right here (`inline`). Everything is
idempotent: two sweeps at once do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from webhooks_app.engine import Engine, QueueUnreachable, steps
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.due import in_jobs, is_due, is_lost, oldest
from webhooks_app.engine.inline import work_inline
from webhooks_app.engine.queue_facts import SLOW
from webhooks_app.engine.queueing import BATCH, JOBS_IN_QUEUE, let_wait
from webhooks_app.engine.rescue import rescue
from webhooks_app.storage.models import WAITING, Delivery, Event
from webhooks_app.storage.queries.indexed import IS_WAITING

RING_AFTER = timedelta(seconds=1)  # an event that waits longer has lost its doorbell


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found and did."""

    rang: bool = False
    queued: int = 0
    rescued: int = 0
    inline: bool = False


def sweep(engine: Engine) -> Swept:
    """Make the queue agree with the database once."""
    rescued = rescue(engine)
    steps.take_due(engine)
    try:
        if engine.queue_news.was_away:
            engine.queue.try_out()  # one that is full answers questions all the same
        if engine.queue.was_wiped():
            tried_again(partial(_forget_queued, engine, before=engine.clock()))
            engine.queue.mark()  # only now: if the database was away, the next sweep has to know it too
        rang = _ring_again(engine)
        queued = _feed(engine)
    except QueueUnreachable as error:
        engine.queue_is_away(error)
        return Swept(queued=work_inline(engine), rescued=rescued, inline=True)
    engine.queue_news.is_there()
    return Swept(rang=rang, queued=queued, rescued=rescued)


def _ring_again(engine: Engine) -> bool:
    late = engine.clock() - RING_AFTER
    waiting = sa.select(Event.id).where(Event.dispatched_at.is_(None), Event.created_at < late)
    query = waiting.order_by(Event.created_at).limit(1)
    with engine.readings() as session:
        if session.scalar(query) is None:
            return False
    # A ring may have been lost with its worker while its flag still stands; but never pile rings up.
    engine.queue.ring(again=engine.queue.length() == 0)
    return True


def _feed(engine: Engine) -> int:
    """Queue what is due, as far as there is room. What stands in a queue is lost or not by that queue's own length."""
    now = engine.clock()
    length, slow_length = engine.queue.length(), engine.queue.length(slow=True)
    quick = Delivery.queued_at.is_(None) | (~Delivery.slow & is_lost(now, length))
    fed = _queue(engine, is_due(now) & quick, room=JOBS_IN_QUEUE - length)
    slow = is_due(now) & Delivery.slow & is_lost(now, slow_length)
    if not _is_any(engine, slow, by=Delivery.queued_at):  # along the small index of what is slow
        return fed
    if not any(worker.queue == SLOW for worker in engine.queue.workers()):
        # Whoever runs no worker for slow receivers gets them delivered all the same, a little at a time.
        return fed + _queue(engine, slow, room=JOBS_IN_QUEUE - length)
    return fed + _queue(engine, slow, room=JOBS_IN_QUEUE - slow_length, slow=True)


def _queue(engine: Engine, wanted: sa.ColumnElement[bool], *, room: int, slow: bool = False) -> int:
    """Queue what is wanted, up to `room` jobs of a full batch."""
    if room <= 0:
        return 0
    if not _is_any(engine, wanted, by=Delivery.due_at):
        return 0
    due = tried_again(lambda: _mark_queued(engine, wanted, most=room * BATCH, slow=slow))
    try:
        engine.queue.push(in_jobs(due), slow=slow)
    except QueueUnreachable:
        let_wait(engine, [row.id for row in due])
        raise
    return len(due)


def _is_any(engine: Engine, wanted: sa.ColumnElement[bool], *, by: Any) -> bool:
    """Asked before anything is written: on SQLite a writer holds everybody else up."""
    # Without an order PostgreSQL, when much waits, reads the table until it meets such a row: all of it if none is.
    first = sa.select(Delivery.id).where(wanted).order_by(by).limit(1)
    with engine.readings() as session:
        return session.scalar(first) is not None


def _mark_queued(engine: Engine, wanted: sa.ColumnElement[bool], *, most: int, slow: bool) -> Sequence[Any]:
    pick = oldest(wanted, most).with_for_update(skip_locked=True).cte("pick")
    mark = (
        sa.update(Delivery)
        .where(Delivery.id.in_(sa.select(pick.c.id)), Delivery.status.in_(WAITING))
        .values(queued_at=engine.clock(), slow=slow)
        .returning(Delivery.id, Delivery.alone, Delivery.due_at)
        .execution_options(synchronize_session=False)
    )
    with engine.sessions.begin() as session:
        marked = session.execute(mark).all()
    return sorted(marked, key=lambda row: (row.due_at, row.id))


def _forget_queued(engine: Engine, *, before: datetime) -> None:
    """The queue came back empty: nothing stands in it, whatever the database says."""
    with engine.sessions.begin() as session:
        # In one order and past whatever is locked, which somebody moves just now: so nobody waits for nobody.
        pick = sa.select(Delivery.id).where(IS_WAITING, Delivery.queued_at <= before).order_by(Delivery.id)
        locked = pick.with_for_update(skip_locked=True).cte("pick")
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(sa.select(locked.c.id)), Delivery.status.in_(WAITING))
            .values(queued_at=None)
            .execution_options(synchronize_session=False)
        )
