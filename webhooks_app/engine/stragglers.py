"""What becomes of sends that are still under way when their job ends? One background thread looks after them.

Every 200 ms it records what has ended and gives back what could not begin in time. At shutdown `drain`
gives back at once whatever has not begun, and waits for what is in flight.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from webhooks_app.engine.forking import after_fork
from webhooks_app.engine.sender import Batch, P

log = logging.getLogger("webhooks_app.deliver")

LOOK_SECONDS = 0.200
LONGEST_WAIT_SECONDS = 1.0  # for room; what a job then cannot begin, it gives back


@dataclass(slots=True)
class LeftBatch(Generic[P]):
    """A batch that its job has left behind, and how its results are kept."""

    batch: Batch[P]
    record: Callable[[Sequence[P]], None]
    give_back: Callable[[Sequence[P]], None]
    begin_seconds: float


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
        self._thread: threading.Thread | None = None
        self.is_hurried = False

    def leave(self, left: LeftBatch[Any]) -> None:
        """Look after this batch from now on."""
        with self._lock:
            self._left.append(left)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._look_after, name="webhooks-stragglers", daemon=True
                )
                self._thread.start()
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
        with self._lock:
            mine, self._left = self._left, []
        for left in mine:
            left.begin_seconds = 0.0
        # The background thread may have taken results that it is about to record: they count too.
        if not self._looking.acquire(timeout=seconds):
            return
        try:
            while mine and time.monotonic() < deadline:
                mine = [left for left in mine if self._look_at(left)]
                if mine:
                    time.sleep(LOOK_SECONDS / 4)
        finally:
            self._looking.release()

    def _look_after(self) -> None:
        while True:
            self._arrived.wait()
            time.sleep(LOOK_SECONDS)
            with self._lock:
                mine = list(self._left)
            with self._looking:
                done = [left for left in mine if not self._look_at(left)]
            with self._lock:
                self._left = [left for left in self._left if left not in done]
                if not self._left:
                    self._arrived.clear()

    def _look_at(self, left: LeftBatch[Any]) -> bool:
        """Record and give back what there is; whether something is still to come."""
        try:
            finished = left.batch.take(at_least=0, seconds=0)
            if finished:
                left.record(finished)
            if left.batch.stands_still(left.begin_seconds):
                unsent = left.batch.take_back()
                if unsent:
                    left.give_back(unsent)
        except Exception:
            # The rows keep their lease: the rescue will find what could not be recorded.
            log.exception("Results could not be recorded; they are left to the lease.")
            return False
        return not left.batch.is_over
