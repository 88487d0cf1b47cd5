"""How is a synchronous hook's event delivered? In the calling process, after its commit, in sessions of our own.

The same rows are written as by a worker, and a retry is the workers' business.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch_events
from webhooks_app.storage.models import Delivery, Listener, Status

# What is pending has its turn later (a rate limit), and what is sending was taken by a worker meanwhile.
_FAILED_HERE = (Status.RETRYING, Status.FAILED, Status.HELD)


def deliver_firsthand(engine: Engine, event_ids: Sequence[str]) -> list[str]:
    """Dispatch these events and make the first attempt of each delivery; gives a sentence for each failure."""
    delivery_ids = dispatch_events(engine, event_ids)
    if not delivery_ids:
        return []
    deliver_batch(engine, delivery_ids, patient=True)
    query = (
        sa.select(Listener.url, Delivery.reason)
        .join(Listener, Listener.id == Delivery.listener_id)
        .where(Delivery.id.in_(delivery_ids), Delivery.status.in_(_FAILED_HERE))
        .order_by(Delivery.id)
    )
    with engine.sessions() as session:
        return [f"{url}: {reason}" for url, reason in session.execute(query)]
