"""How many sends to one listener may be in flight?

A listener that answers within a second may have `most` at once, one that is late two, one that timed
out a single one; every good answer gives one back. So a slow listener holds few threads, and a good one
that is far away is not starved. Late is also who has not answered yet: until the first timeout, listeners that
hang would else take thread after thread.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from webhooks_app.engine.batch import Batch, Parcel

LATE_SECONDS = 1.0
WHEN_LATE = 2
AFTER_TIMEOUT = 1


class Lane:
    """The sends of one listener: how many are in flight, how many may be, and which wait. Guarded by the sender."""

    __slots__ = ("began", "in_flight", "limit", "waiting", "was_slow")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.was_slow = (
            False  # the last answer came late, or it has not yet got back all it may have in flight
        )
        self.in_flight = 0  # those included that are ready to begin
        self.began: dict[int, float] = {}  # by the runner's thread: when what it sends began
        self.waiting: deque[tuple[Batch[Any], Parcel]] = deque()

    def is_late(self, now: float) -> bool:
        """Whether an answer is late that has not come yet."""
        return any(now - began > LATE_SECONDS for began in self.began.values())

    def is_slow(self, now: float) -> bool:
        """Whether it shares the threads for slow listeners."""
        return self.was_slow or self.is_late(now)

    def has_room(self, now: float) -> bool:
        """Whether one more may get ready to begin."""
        return self.in_flight < (min(self.limit, WHEN_LATE) if self.is_late(now) else self.limit)

    def must_wait(self, now: float) -> bool:
        """Whether what got ready before the lane was late may not begin now."""
        return len(self.began) >= WHEN_LATE and self.is_late(now)

    def has_answered(self, *, most: int, seconds: float, timed_out: bool) -> None:
        """Take note of how long one answer took, or that none came in time."""
        self.limit = next_limit(self.limit, most=most, seconds=seconds, timed_out=timed_out)
        self.was_slow = timed_out or seconds > LATE_SECONDS or self.limit < most


def next_limit(limit: int, *, most: int, seconds: float, timed_out: bool) -> int:
    """The limit after one answer that took `seconds`, or none came in time. Pure."""
    if timed_out:
        return AFTER_TIMEOUT
    if seconds > LATE_SECONDS:
        return min(limit, WHEN_LATE, most)
    return min(limit + 1, most)
