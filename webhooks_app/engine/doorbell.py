"""How do the workers hear of a new event? By the doorbell, rung once what was written is committed."""

from __future__ import annotations

import logging

from webhooks_app.engine import Engine, QueueUnreachable
from webhooks_app.engine.failpoints import reach

log = logging.getLogger("webhooks_app.publish")


def ring(engine: Engine) -> None:
    """Ring the doorbell. A queue that does not answer is no error here: the sweep rings again."""
    reach("doorbell.before")
    try:
        engine.queue.ring()
    except QueueUnreachable as error:
        log.warning("The queue is unreachable (%s). The event is kept and delivered by the sweep.", error)
