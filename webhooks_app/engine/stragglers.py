"""What becomes of sends that are still under way when their job ends? One background thread looks after them.

Every 200 ms it records what has ended and gives back what could not begin in time; what cannot be recorded it
tries again until the lease ends. At shutdown `drain` gives back at once whatever has not begun, and waits for
what is in flight.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from webhooks_app.engine.batch import Batch, P
from webhooks_app.engine.forking import after_fork

log = logging.getLogger("webhooks_app.deliver")

LOOK_SECONDS = 0.200
AGAIN_SECONDS = 1.0  # after an error
LONGEST_WAIT_SECONDS = 1.0  # for room; what a job then cannot begin, it gives back

Keep = Callable[[Sequence[P]], None]


@dataclass(slots=True)
class LeftBatch(Generic[P]):
    """A batch that its job has left behind, and how its results are kept."""

    batch: Batch[P]
    record: Keep[P]  # batches with the same function are recorded together
    give_back: Keep[P]
    begin_seconds: float
    lease_ends: float  # on the monotonic clock


class Stragglers:
    """The batches that jobs of this process left behind."""

    def __init__(self) -> None:
        self._start_afresh()
        after_fork(self._start_afresh)

    def _start_afresh(self) -> None:
        # After a fork the child has neither the thread nor a use for what its parent sends.
        self._lock = threading.Lock()
        self._looking = threading.Lock()  # held while results are taken and recorded
        self._arrived = threading.Event()
        self._left: list[LeftBatch[Any]] = []
        self._keep_at = 0.0  # on the monotonic clock: not before then, after an error
        self._thread: threading.Thread | None = None
        self.is_hurried = False

    def leave(self, left: LeftBatch[Any]) -> None:
        """Look after this batch from now on."""
        with self._lock:
            self._left.append(left)
            if self._thread is None:
                thread = threading.Thread(target=self._look_after, name="webhooks-stragglers", daemon=True)
                thread.start()  # where the machine allows no more threads, the next one to come tries again
                self._thread = thread
        self._arrived.set()

    def wait_for_room(self, most: int) -> None:
        """Wait a moment until fewer than `most` sends are left behind: a job should not claim what it cannot send."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while self.count() >= most and time.monotonic() < deadline and not self.is_hurried:
            time.sleep(LOOK_SECONDS / 4)

    def hurry(self) -> None:
        """From now on jobs leave their batches here at once: the process is asked to stop. Safe in a signal handler."""
        self.is_hurried = True

    def count(self) -> int:
        """How many sends were left behind and are not recorded."""
        with self._lock:
            return sum(left.batch.unfinished for left in self._left)

    def drain(self, *, seconds: float) -> None:
        """Give back what has not begun, wait up to `seconds` for what is in flight, record it."""
        deadline = time.monotonic() + seconds
        # The background thread may be recording just now: the process must not end before it has.
        if not self._looking.acquire(timeout=seconds):
            return
        try:
            while self._look(at_once=True) and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS / 4)
        finally:
            self._looking.release()

    def _look_after(self) -> None:
        while True:
            self._arrived.wait()
            time.sleep(LOOK_SECONDS)
            with self._looking:
                # A process that is asked to stop may need a while until it drains.
                self._look(at_once=self.is_hurried)

    def _look(self, *, at_once: bool) -> bool:
        """Record and give back what there is; whether something is still to come."""
        with self._lock:
            mine = list(self._left)
        for left in mine:
            if at_once or left.batch.stands_still(left.begin_seconds):
                left.batch.take_back()
        if time.monotonic() >= self._keep_at:
            self._keep(mine)
        with self._lock:
            self._left = [left for left in self._left if not left.batch.is_over]
            if not self._left:
                self._arrived.clear()
            return bool(self._left)

    def _keep(self, mine: Sequence[LeftBatch[Any]]) -> None:
        """Record what has ended and give back what is unsent, all batches in one go."""
        for keep_all in (_record_all, _give_back_all):
            try:
                keep_all(mine)
            except Exception:  # a background thread must survive anything, and the log says it
                self._keep_at = time.monotonic() + AGAIN_SECONDS
                log.exception("Results could not be kept; it is tried again until their lease ends.")
                for left in mine:
                    _despair(left)


def _record_all(mine: Sequence[LeftBatch[Any]]) -> None:
    _in_one_go([(left, left.record, left.batch.finished()) for left in mine])


def _give_back_all(mine: Sequence[LeftBatch[Any]]) -> None:
    _in_one_go([(left, left.give_back, left.batch.unsent()) for left in mine])


def _in_one_go(parts: Sequence[tuple[LeftBatch[P], Keep[P], Sequence[P]]]) -> None:
    """One call for all batches that are kept in the same way: a database that is away makes wait only once."""
    together: dict[Keep[P], list[P]] = {}
    for _, keep, parcels in parts:
        together.setdefault(keep, []).extend(parcels)
    for keep, parcels in together.items():
        if parcels:
            keep(parcels)
    for left, _, parcels in parts:
        left.batch.kept(parcels)


def _despair(left: LeftBatch[Any]) -> None:
    """After an error: send no more of it, and once its lease is over leave it to the rescue."""
    left.batch.take_back()
    lost = [*left.batch.finished(), *left.batch.unsent()]
    if lost and time.monotonic() >= left.lease_ends:
        log.error("%d results could not be recorded; they are left to the lease.", len(lost))
        left.batch.kept(lost)
