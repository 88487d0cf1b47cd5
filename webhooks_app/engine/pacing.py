"""How many sends does a listener's rate allow now?

Pure. A virtual clock runs ahead by one interval a send; it may be ahead of the real one by at most a
second's worth, which is the burst. (The generic cell rate algorithm, ITU-T I.371.) So in the first second after a
quiet while up to twice the rate may go, and over any longer time the rate and that second's worth. A smaller burst
would not keep the rate up: what was put off is queued by the sweep, once a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BURST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """`count` sends may go now; the next at `next_at`, and then one every `interval`."""

    count: int
    next_at: datetime
    interval: timedelta


def grant(wanted: int, *, rate: float, next_at: datetime | None, now: datetime) -> Grant:
    """Allow some of `wanted` sends at `rate` a second, after what was allowed before (`next_at`)."""
    interval = timedelta(seconds=1 / rate)
    virtual = max(next_at or now, now)
    # A burst of one interval at least, or a rate below one a second would never send.
    horizon = now + max(BURST, interval)
    count = 0
    while count < wanted and virtual + interval <= horizon:
        virtual += interval
        count += 1
    return Grant(count, virtual, interval)
