"""How is a synchronous hook's event delivered? In the calling process, after its commit, in sessions of our own.

The same rows are written as by a worker, and a retry is the workers' business. A worker may also be faster with the
first attempt (the doorbell of another event wakes it): whoever must tell how it went waits for that outcome.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch_events
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.queueing import in_batches
from webhooks_app.storage.models import Delivery, Listener, Status

NOT_KNOWN_YET = "A worker has taken it, and its outcome is not known yet."

_FAILED_HERE = (Status.RETRYING, Status.FAILED, Status.HELD)
_LOOK_SECONDS = 0.05
_IDS_AT_ONCE = 500


def deliver_firsthand(engine: Engine, event_ids: Sequence[str], *, wait_seconds: float = 0.0) -> list[str]:
    """Dispatch these events and make the first attempt of each delivery; gives a sentence for each failure.

    What a worker has taken is waited for up to `wait_seconds`; what is not known then counts as a failure.
    """
    due_ids = dispatch_events(engine, event_ids)
    delivery_ids = _not_held(engine, event_ids)
    for batch in in_batches(due_ids):
        deliver_batch(engine, batch, patience=ENDLESS)
    until = time.monotonic() + wait_seconds
    unknown = _unknown(engine, delivery_ids)
    while unknown and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
        unknown = _unknown(engine, delivery_ids)
    return [*_failures(engine, delivery_ids), *(f"{url}: {NOT_KNOWN_YET}" for url in unknown)]


def _not_held(engine: Engine, event_ids: Sequence[str]) -> list[str]:
    """The deliveries that may go: what is held because its listener is paused is no failure."""
    found: list[str] = []
    with engine.readings() as session:
        for ids in _in_pieces(event_ids):
            query = sa.select(Delivery.id).where(Delivery.event_id.in_(ids), Delivery.status != Status.HELD)
            found += session.scalars(query.order_by(Delivery.id))
    return found


def _unknown(engine: Engine, delivery_ids: Sequence[str]) -> list[str]:
    """The URLs whose first outcome is still to come. One that is due later (a rate limit) has its turn later."""
    is_first = sa.and_(
        Delivery.tries == 0,
        sa.or_(
            Delivery.status == Status.SENDING,
            sa.and_(Delivery.status == Status.PENDING, Delivery.due_at <= engine.clock()),
        ),
    )
    found: list[str] = []
    with engine.readings() as session:
        for ids in _in_pieces(delivery_ids):
            query = sa.select(Listener.url).join(Delivery, Listener.id == Delivery.listener_id)
            found += session.scalars(query.where(Delivery.id.in_(ids), is_first).order_by(Delivery.id))
    return found


def _failures(engine: Engine, delivery_ids: Sequence[str]) -> list[str]:
    found: list[str] = []
    with engine.readings() as session:
        for ids in _in_pieces(delivery_ids):
            query = (
                sa.select(Listener.url, Delivery.reason)
                .join(Listener, Listener.id == Delivery.listener_id)
                .where(Delivery.id.in_(ids), Delivery.status.in_(_FAILED_HERE))
                .order_by(Delivery.id)
            )
            found += [f"{url}: {reason}" for url, reason in session.execute(query)]
    return found


def _in_pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))
