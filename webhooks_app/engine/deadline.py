"""How does every attempt end in time, whatever the receiver does?

`requests` has no total deadline: a receiver that sends one byte now and then keeps it waiting for ever.
One thread a process sleeps until the nearest deadline and then shuts that attempt's socket down, so that
whatever waits on it returns at once. A timer for each attempt would cost ten times as much.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

# While attempts run, the thread looks around this often, so that a deadline further away than that
# need not wake it: being woken for each attempt would cost more than all the rest here.
_LONGEST_SLEEP_SECONDS = 1.0

_SWEEP_AT = 256  # finished deadlines are dropped from the heap when it has grown this much


class Deadline:
    """The end of one attempt. `fired` is set before its socket is shut down."""

    __slots__ = ("at", "fired", "is_over", "watched")

    def __init__(self, at: float) -> None:
        self.at = at  # of time.monotonic()
        self.fired = False
        self.is_over = False
        self.watched: socket.socket | None = None

    @property
    def left(self) -> float:
        """Seconds until the end, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether the attempt's time is used up, be it that the watchdog was a moment late to say so."""
        return self.fired or time.monotonic() >= self.at


class Watchdog:
    """Shuts down the sockets of attempts that are past their deadline.

    One for each process: threads do not survive a fork. `housekeeping` runs in the same thread every
    `housekeeping_seconds`, once the first deadline was given out.
    """

    def __init__(
        self,
        *,
        housekeeping: Callable[[], None],
        housekeeping_seconds: float = 10.0,
        thread: Callable[..., threading.Thread] = threading.Thread,
    ) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._heap: list[tuple[float, int, Deadline]] = []
        self._tie = itertools.count()
        self._live = 0
        self._sleeps_until = 0.0
        self._make_thread = thread
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._housekeeping = housekeeping
        self._housekeeping_seconds = housekeeping_seconds
        self._tidies_at = time.monotonic() + housekeeping_seconds

    def start(self, seconds: float) -> Deadline:
        """Give out a deadline that many seconds from now.

        Raises RuntimeError where the machine allows no more threads: without ours no deadline would be kept. The
        next one asks again.
        """
        with self._lock:
            if self._thread is None:
                self._begin()
            deadline = Deadline(time.monotonic() + seconds)
            self._live += 1
            self._push(deadline)
        return deadline

    def watch(self, deadline: Deadline, sock: socket.socket) -> None:
        """Shut this socket down when the deadline comes; at once when it has come."""
        with self._lock:
            deadline.watched = sock
            if deadline.fired:
                _shut_down(sock)

    def bring_forward(self, deadline: Deadline, seconds: float) -> None:
        """Let the deadline come in at most that many seconds."""
        at = time.monotonic() + seconds
        if at >= deadline.at:
            return
        with self._lock:
            deadline.at = at
            self._push(deadline)

    def finish(self, deadline: Deadline) -> bool:
        """Leave the attempt's socket alone from now on; say whether the deadline came before that."""
        with self._lock:
            if not deadline.is_over:
                deadline.is_over = True
                deadline.watched = None
                self._live -= 1
        return deadline.fired

    def close(self) -> None:
        """End the thread; deadlines given out are no longer kept."""
        with self._lock:
            self._is_closed = True
            self._wake.notify()

    def _begin(self) -> None:
        thread = self._make_thread(target=self._run, name="webhooks-deadlines", daemon=True)
        thread.start()
        self._thread = thread

    def _push(self, deadline: Deadline) -> None:
        heap = self._heap
        if len(heap) > 2 * self._live + _SWEEP_AT:
            heap[:] = [entry for entry in heap if not entry[2].is_over]
            heapq.heapify(heap)
        heapq.heappush(heap, (deadline.at, next(self._tie), deadline))
        if deadline.at < self._sleeps_until:
            self._wake.notify()

    def _run(self) -> None:
        while not self._is_closed:
            with self._lock:
                now = time.monotonic()
                self._fire_until(now)
                next_at = self._next_at(now)
                if next_at > now and not self._is_closed:
                    self._sleeps_until = next_at
                    self._wake.wait(next_at - now)
                    self._sleeps_until = 0.0
            if time.monotonic() >= self._tidies_at:
                self._tidy()

    def _next_at(self, now: float) -> float:
        if not self._heap:
            return self._tidies_at
        return min(self._heap[0][0], self._tidies_at, now + _LONGEST_SLEEP_SECONDS)

    def _tidy(self) -> None:
        self._tidies_at = time.monotonic() + self._housekeeping_seconds
        try:
            self._housekeeping()
        except Exception:  # noqa: BLE001 - this thread must live: without it no attempt has a deadline.
            _log.exception("Old connections could not be closed.")

    def _fire_until(self, now: float) -> None:
        heap = self._heap
        while heap and (heap[0][2].is_over or heap[0][0] <= now):
            deadline = heapq.heappop(heap)[2]
            if deadline.is_over or deadline.fired:
                continue
            deadline.fired = True
            if deadline.watched is not None:
                _shut_down(deadline.watched)


def _shut_down(sock: socket.socket) -> None:
    try:
        # Not sock.shutdown(): a TLS socket would drop its cipher first, and a reader that is racing with
        # this thread could then take raw bytes for the answer.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # Already closed, or not yet connected; both end by themselves.
