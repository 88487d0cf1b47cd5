"""What does the queue say of itself? Plain data for the system page and `doctor`; see Queue in `engine`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DELIVERIES = "deliveries"
SLOW = "slow"  # for listeners that are slow to answer, with a worker of its own

# An idle worker waits 105 seconds for a job and tells of itself after that, and no job takes longer than 90. Whoever
# was silent for so long hangs, was stopped, or is gone: a worker that is killed stays in RQ's list for three minutes.
SILENT_AFTER = timedelta(seconds=120)

# No reason to stop: what is thrown away is queued again by the sweep, only later.
EVICTING = "Redis may throw jobs away when its memory is full. Set maxmemory-policy noeviction."


@dataclass(frozen=True, slots=True)
class QueueServer:
    """The server that the queue stands on. `evicts`: it may throw jobs away when its memory is full."""

    version: str
    memory_bytes: int
    evicts: bool = False


@dataclass(frozen=True, slots=True)
class QueueWorker:
    """A worker as it last told of itself. `state` is RQ's word: idle, busy, started, suspended."""

    name: str
    queue: str
    state: str
    pid: int | None = None
    started_at: datetime | None = None
    seen_at: datetime | None = None
    jobs_done: int = 0
    jobs_failed: int = 0

    def is_silent(self, now: datetime) -> bool:
        """Whether it told nothing of itself for longer than one that works ever does."""
        return self.seen_at is not None and now - self.seen_at > SILENT_AFTER
