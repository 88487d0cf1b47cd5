"""What does the queue say of itself? Plain data for the system page and `doctor`; see Queue in `engine`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DELIVERIES = "deliveries"
SLOW = "slow"  # for listeners that are slow to answer, with a worker of its own


@dataclass(frozen=True, slots=True)
class QueueServer:
    """The server that the queue stands on. `evicts`: it may throw jobs away when its memory is full."""

    version: str
    memory_bytes: int
    evicts: bool = False


@dataclass(frozen=True, slots=True)
class QueueWorker:
    """A worker that told of itself lately. `state` is RQ's word: idle, busy, started, suspended."""

    name: str
    queue: str
    state: str
    pid: int | None = None
    started_at: datetime | None = None
    seen_at: datetime | None = None
    jobs_done: int = 0
    jobs_failed: int = 0
