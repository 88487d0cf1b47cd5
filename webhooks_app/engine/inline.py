"""What if there is no queue? Then the sweep does the work in its own process, for most of each second.

Slowly but surely: one process does what all workers would, and passes by whoever has enough waiting in his lane. Some
of each second is left to the clock's other duties (what a lost worker held, the steps of the failure ladder).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from webhooks_app.engine import Engine
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.due import in_jobs, is_due, is_lost, oldest
from webhooks_app.engine.patience import INLINE
from webhooks_app.engine.queueing import BATCH
from webhooks_app.storage.models import Delivery

INLINE_SECONDS = 0.8  # of the second that a pass of the clock lasts


def work_inline(engine: Engine, *, seconds: float = INLINE_SECONDS) -> int:
    """Dispatch and deliver what is due, for about so long; gives how many deliveries were taken up."""
    until = time.monotonic() + seconds
    dispatch(engine, seconds=seconds / 2)  # however many events wait, some of them arrive meanwhile
    done = 0
    while True:
        due = _oldest(engine)
        for batch in in_jobs(due):
            deliver_batch(engine, batch, patience=INLINE)
            done += len(batch)
            if time.monotonic() >= until:
                return done
        if len(due) < BATCH:
            return done


def _oldest(engine: Engine) -> Sequence[Any]:
    now = engine.clock()
    wanted = is_due(now) & (Delivery.queued_at.is_(None) | is_lost(now, length=0))
    # Whose lane is full already waits in the database: a receiver that hangs would else be claimed for again and again.
    wanted &= Delivery.listener_id.not_in(engine.sender.crowded)
    with engine.readings() as session:
        return session.execute(oldest(wanted, BATCH)).all()
