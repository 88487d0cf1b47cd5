"""Which sends were submitted together, and what has become of each?

What has ended, or was taken back unsent, stays in its batch until somebody says that it was kept: an error or
an alarm between taking a result and recording it loses nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

MOST_SECONDS = 20.0  # a batch is given back then at the latest, well within the lease of its claim


class Parcel(Protocol):
    """One send. `send` never raises; what came of it stays with the parcel."""

    lane: str  # the listener's id
    most_in_flight: int

    def may_begin(self) -> bool:
        """Whether it would still end in time. Asked under the sender's lock, so it only looks at a clock."""

    def send(self) -> bool | None:
        """Send it; gives whether it timed out, or None if it did not begin after all."""


P = TypeVar("P", bound=Parcel)


class Batch(Generic[P]):
    """Parcels submitted together. One lock, that of the sender, guards all fields.

    Whoever submitted them, or looks after them later, calls what takes the lock. `awaits`, `began` and `ended` are the
    sender's, who holds it already: they never take it, never wait, and call nothing but `may_begin` of a parcel.
    """

    def __init__(self, lock: threading.Lock, parcels: Sequence[P]) -> None:
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._unstarted = {id(parcel): parcel for parcel in parcels}
        self._awaited: set[int] = set()  # what should end soon: its listener was not slow
        self._in_flight = 0
        self._finished: list[P] = []
        self._taken_back: list[P] = []
        self._submitted_at = self._moved_at = time.monotonic()
        self._wanted = 0

    def finished(self, *, at_least: int = 0, seconds: float = 0.0, hasty: bool = False) -> list[P]:
        """What has ended and was not kept yet; waits for `at_least` or until all has ended, up to `seconds`.

        If `hasty`, it waits for nothing that was submitted to a slow listener.
        """
        deadline = time.monotonic() + seconds
        with self._lock:
            self._wanted = at_least
            while len(self._finished) < at_least and self._is_expected(hasty=hasty):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return list(self._finished)

    def _is_expected(self, *, hasty: bool) -> bool:
        return bool(self._awaited or (not hasty and (self._unstarted or self._in_flight)))

    @property
    def is_awaited(self) -> bool:
        """Whether something of it should end soon."""
        with self._lock:
            return bool(self._awaited)

    def take_back(self) -> None:
        """Let nothing of it begin any more."""
        with self._lock:
            self._taken_back += self._unstarted.values()
            self._awaited -= self._unstarted.keys()
            self._unstarted.clear()

    def unsent(self) -> list[P]:
        """What was taken back, and not kept yet."""
        with self._lock:
            return list(self._taken_back)

    def kept(self, parcels: Iterable[P]) -> None:
        """These are recorded or given back: forget them."""
        gone = {id(parcel) for parcel in parcels}
        with self._lock:
            self._finished = [parcel for parcel in self._finished if id(parcel) not in gone]
            self._taken_back = [parcel for parcel in self._taken_back if id(parcel) not in gone]

    def stands_still(self, seconds: float) -> bool:
        """Whether nothing of it has begun for so long, or it has been under way for as long as a lease may bear."""
        with self._lock:
            now = time.monotonic()
            return now - self._moved_at >= seconds or now - self._submitted_at >= MOST_SECONDS

    @property
    def unfinished(self) -> int:
        """How many parcels were not kept yet."""
        with self._lock:
            return len(self._unstarted) + self._in_flight + len(self._finished) + len(self._taken_back)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to send, to wait for or to keep."""
        return self.unfinished == 0

    def awaits(self, parcel: P) -> None:
        """Under the lock, as it is submitted: its listener is not slow."""
        self._awaited.add(id(parcel))

    def began(self, parcel: P, now: float) -> bool:
        """Under the lock, by a runner: may it send this parcel? What comes too late waits to be taken back."""
        if id(parcel) not in self._unstarted or not parcel.may_begin():
            return False
        del self._unstarted[id(parcel)]
        self._moved_at = now
        self._in_flight += 1
        return True

    def ended(self, parcel: P, *, was_sent: bool = True) -> None:
        """Under the lock, by a runner: it was sent, or did not begin after all and waits to be given back."""
        self._in_flight -= 1
        self._awaited.discard(id(parcel))
        (self._finished if was_sent else self._taken_back).append(parcel)
        # Only when there is enough: to wake a waiting thread for each send would double the cost of a send.
        if len(self._finished) >= self._wanted or not self._awaited:
            self._changed.notify()
