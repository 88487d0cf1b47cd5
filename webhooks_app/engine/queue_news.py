"""Does the queue answer? Told when that changes, and not with each call in vain: the clock alone asks every second."""

from __future__ import annotations

import logging

log = logging.getLogger("webhooks_app.queue")


class QueueNews:
    """What this process last told of its queue. Two threads at once may tell the same twice; that harms nobody."""

    def __init__(self) -> None:
        self._told = ""

    @property
    def was_away(self) -> bool:
        """Whether that was the last to be told."""
        return bool(self._told)

    def is_away(self, *, refuses: bool, why: str) -> None:
        """The queue did not answer, or it `refuses` what it was asked."""
        told = "refuses what it is asked" if refuses else "is unreachable"
        if told != self._told:
            self._told = told
            log.warning("The queue %s (%s). The sweep delivers meanwhile, more slowly.", told, why)

    def is_there(self) -> None:
        """The queue took what it was given."""
        if self._told:
            self._told = ""
            log.info("The queue is there again.")
