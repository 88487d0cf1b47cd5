"""What does RQ call? Door four: ids in, one engine call.

A job does nothing for rows that are gone, ended or claimed: it may come twice, late, or with ids that a
rolled-back SAVEPOINT left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from webhooks_app.engine import Engine
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch as dispatch_events
from webhooks_app.engine.patience import HASTY, SLOW
from webhooks_app.errors import NotBound

_bound: list[Engine] = []


def bind(engine: Engine) -> None:
    """Lead jobs of this process to this engine."""
    _bound[:] = [engine]


def engine() -> Engine:
    """The engine of this process. Raises NotBound."""
    if not _bound:
        raise NotBound
    return _bound[0]


def dispatch() -> None:
    """Dispatch the events that wait, and make the deliveries of a few at once."""
    dispatch_events(engine(), deliver=partial(deliver_batch, engine()))


def deliver(delivery_ids: Sequence[str], slow: bool = False) -> None:
    """Make the next attempt of these deliveries."""
    deliver_batch(engine(), delivery_ids, patience=SLOW if slow else HASTY)
