"""How many sends to one listener may be in flight?

Pure. A listener that answers within a second may have `most` at once, one that is late two, one that timed
out a single one; every good answer gives one back. So a slow listener holds few threads, and a good one
that is far away is not starved.
"""

from __future__ import annotations

LATE_SECONDS = 1.0
WHEN_LATE = 2
AFTER_TIMEOUT = 1


def next_limit(limit: int, *, most: int, seconds: float, timed_out: bool) -> int:
    """The limit after one answer that took `seconds`, or none came in time."""
    if timed_out:
        return AFTER_TIMEOUT
    if seconds > LATE_SECONDS:
        return min(limit, WHEN_LATE, most)
    return min(limit + 1, most)
