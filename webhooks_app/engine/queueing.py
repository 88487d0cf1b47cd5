"""Which deliveries stand in a queue, and which wait in the database? Batches of ids travel; what finds no room waits.

A delivery with `queued_at` stands in a queue: that of its `slow`. The sweep queues what is due and stands in none, so
whatever could not be pushed says so.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from webhooks_app.engine import Engine, QueueUnreachable
from webhooks_app.engine.busy import tried_again
from webhooks_app.storage.models import WAITING, Delivery

log = logging.getLogger("webhooks_app.dispatch")

BATCH = 200  # ids in a job: 25 cost 0.4 of the throughput, 100 a twentieth of its CPU
JOBS_IN_QUEUE = 100  # so that a backlog stays in the database and fills neither Redis nor memory
# What the slow queue does not take waits so long before it is tried among the quick ones again.
SLOW_LATER = timedelta(seconds=30)
_IDS_AT_ONCE = 500  # SQLite takes 32,766 values in a statement


def push(engine: Engine, delivery_ids: Sequence[str], *, slow: bool = False) -> None:
    """Queue these deliveries in batches; if the queue does not answer, the sweep will find them.

    What the slow queue does not take waits in the database, and a while longer: among the quick ones it would only be
    given back again, as the oldest that waits, and before all others.
    """
    if not delivery_ids:
        return
    later = engine.clock() + SLOW_LATER if slow else None
    try:
        room = _slow_room(engine) if slow else len(delivery_ids)
        engine.queue.push(in_batches(delivery_ids[:room]), slow=slow)
    except QueueUnreachable as error:
        engine.queue_is_away(error)
        let_wait(engine, delivery_ids, due_at=later)
        return
    engine.queue_news.is_there()
    let_wait(engine, delivery_ids[room:], due_at=later)


def let_wait(engine: Engine, delivery_ids: Sequence[str], *, due_at: datetime | None = None) -> None:
    """Say that these deliveries do not stand in the queue, so that the sweep queues them once they are due.

    Never raises for a database that is busy: the sweep finds out by itself, only later.
    """
    values: dict[str, Any] = {"queued_at": None} if due_at is None else {"queued_at": None, "due_at": due_at}
    for start in range(0, len(delivery_ids), _IDS_AT_ONCE):
        waiting = Delivery.id.in_(delivery_ids[start : start + _IDS_AT_ONCE]) & Delivery.status.in_(WAITING)
        statement = sa.update(Delivery).where(waiting).values(**values)
        try:
            tried_again(partial(_execute, engine, statement))
        except sa.exc.OperationalError:
            log.exception("Deliveries still count as queued; the sweep finds them in some minutes.")
            return


def _execute(engine: Engine, statement: sa.Update) -> None:
    with engine.sessions.begin() as session:
        session.execute(statement, execution_options={"synchronize_session": False})


def _slow_room(engine: Engine) -> int:
    """How many more deliveries the slow queue should hold. Raises QueueUnreachable."""
    return max(0, JOBS_IN_QUEUE - engine.queue.length(slow=True)) * BATCH


def in_batches(delivery_ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids cut into jobs."""
    return [delivery_ids[start : start + BATCH] for start in range(0, len(delivery_ids), BATCH)]


def room_for_jobs(engine: Engine) -> int:
    """How many more jobs the queue should hold; none if it does not answer."""
    try:
        return max(0, JOBS_IN_QUEUE - engine.queue.length())
    except QueueUnreachable:
        return 0
