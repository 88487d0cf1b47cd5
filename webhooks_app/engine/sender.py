"""Who sends? One runner thread of the process as a rule, and more only while that one mostly waits.

A busy interpreter lock makes many threads slower than one, so a single runner takes the ready sends in
turn. Only when every send in flight is older than 10 ms, or hardly any has ended in the last 10 ms (receivers a
few milliseconds away keep nobody busy), does the pacer wake further runners, up to `threads`; they go back to
sleep once many sends end. A lane a listener keeps the number of its sends in flight within a limit: the rest
waits in the lane and holds no thread.

Whoever submits a batch waits in its own thread (`Batch.take`) and records there; it never blocks on a send.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from webhooks_app.engine.forking import after_fork
from webhooks_app.engine.lanes import next_limit

STUCK_SECONDS = 0.010
# How many sends end within that time: with fewer than the first the process mostly waits for its receivers, with
# as many as the second it has no use for another runner.
SLACK, BRISK = 5, 20
MOST_SECONDS = 20.0  # a batch is given back then at the latest, well within the lease of its claim


class Parcel(Protocol):
    """One send. `send` never raises; what came of it stays with the parcel."""

    lane: str  # the listener's id
    most_in_flight: int

    def send(self) -> bool:
        """Send it; gives whether it timed out."""


P = TypeVar("P", bound=Parcel)


class Lane:
    """The sends of one listener: how many are in flight, how many may be, and which wait."""

    __slots__ = ("in_flight", "limit", "waiting")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.waiting: deque[tuple[Batch[Any], Parcel]] = deque()


class Batch(Generic[P]):
    """Parcels submitted together. All fields are guarded by the sender's lock."""

    def __init__(self, sender: Sender, parcels: Sequence[P]) -> None:
        self._sender = sender
        self._changed = threading.Condition(sender.lock)
        self._finished: list[P] = []
        self.submitted_at = self._moved_at = time.monotonic()
        self.unstarted = {id(parcel): parcel for parcel in parcels}
        self.in_flight = 0
        self._wanted = 0

    def take(self, *, at_least: int, seconds: float) -> list[P]:
        """What finished since it was last asked; waits for `at_least` or until nothing is left, up to `seconds`."""
        deadline = time.monotonic() + seconds
        with self._sender.lock:
            self._wanted = at_least
            while len(self._finished) < at_least and (self.unstarted or self.in_flight):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            finished, self._finished = self._finished, []
        return finished

    def take_back(self) -> list[P]:
        """Every parcel that was not begun; it will not be."""
        with self._sender.lock:
            unsent = list(self.unstarted.values())
            self.unstarted.clear()
        return unsent

    def stands_still(self, seconds: float) -> bool:
        """Whether nothing of it has begun for so long, or it has been under way for as long as a lease may bear."""
        with self._sender.lock:
            now = time.monotonic()
            return now - self._moved_at >= seconds or now - self.submitted_at >= MOST_SECONDS

    @property
    def unfinished(self) -> int:
        """How many parcels were not taken yet."""
        with self._sender.lock:
            return len(self.unstarted) + self.in_flight + len(self._finished)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to send, to wait for or to take."""
        with self._sender.lock:
            return not (self.unstarted or self.in_flight or self._finished)

    def began(self, parcel: P, now: float) -> bool:
        """Called by a runner, under the lock: may it send this parcel?"""
        if self.unstarted.pop(id(parcel), None) is None:
            return False
        self._moved_at = now
        self.in_flight += 1
        return True

    def ended(self, parcel: P) -> None:
        """Called by a runner, under the lock."""
        self.in_flight -= 1
        self._finished.append(parcel)
        # Only when there is enough: to wake a waiting thread for each send would double the cost of a send.
        if len(self._finished) >= self._wanted or not (self.unstarted or self.in_flight):
            self._changed.notify()


class Sender:
    """The sending threads of this process; made lazily, and anew in a child that was forked."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._start_afresh()
        after_fork(self._start_afresh)

    def _start_afresh(self) -> None:
        # After a fork the child has no runners, and what its parent sends is not its business.
        self.lock = threading.Lock()
        self._work = threading.Condition(self.lock)
        self._backlog = threading.Condition(self.lock)
        self._runners = 0
        self._idle = 0
        self._woken = 0
        self._pacing = False
        self._ended = 0  # sends, since the pacer last looked
        self._pace = 0  # how many it found then
        self._ready: deque[tuple[Batch[Any], Parcel]] = deque()
        self._lanes: dict[str, Lane] = {}
        self._busy_since: dict[int, float] = {}

    def submit(self, parcels: Sequence[P]) -> Batch[P]:
        """Have these sent; the caller takes the results from the batch."""
        batch = Batch(self, parcels)
        with self.lock:
            for parcel in parcels:
                self._line_up(batch, parcel)
            if self._ready and not self._busy_since:
                self._wake_one()
            self._start_pacer()
        return batch

    @property
    def in_flight(self) -> int:
        """How many sends are under way."""
        with self.lock:
            return len(self._busy_since)

    def _line_up(self, batch: Batch[Any], parcel: Parcel) -> None:
        lane = self._lanes.get(parcel.lane)
        if lane is None:
            lane = self._lanes[parcel.lane] = Lane(parcel.most_in_flight)
        if lane.in_flight < lane.limit:
            lane.in_flight += 1
            self._ready.append((batch, parcel))
        else:
            lane.waiting.append((batch, parcel))

    def _run(self) -> None:
        me = threading.get_ident()
        while True:
            batch, parcel = self._next(me)
            began = time.monotonic()
            timed_out = parcel.send()
            seconds = time.monotonic() - began
            with self.lock:
                batch.ended(parcel)
                self._leave_lane(parcel, seconds=seconds, timed_out=timed_out)
                del self._busy_since[me]
                self._ended += 1
                if seconds < STUCK_SECONDS and self._pace >= BRISK and self._someone_is_quick():
                    self._idle_until_woken()

    def _next(self, me: int) -> tuple[Batch[Any], Parcel]:
        with self.lock:
            while True:
                while not self._ready:
                    self._idle_until_woken()
                batch, parcel = self._ready.popleft()
                now = time.monotonic()
                if batch.began(parcel, now):
                    self._busy_since[me] = now
                    return batch, parcel
                self._leave_lane(parcel, seconds=0.0, timed_out=None)

    def _leave_lane(self, parcel: Parcel, *, seconds: float, timed_out: bool | None) -> None:
        lane = self._lanes[parcel.lane]
        lane.in_flight -= 1
        if timed_out is not None:
            lane.limit = next_limit(
                lane.limit, most=parcel.most_in_flight, seconds=seconds, timed_out=timed_out
            )
        while lane.waiting and lane.in_flight < lane.limit:
            lane.in_flight += 1
            self._ready.append(lane.waiting.popleft())
            self._backlog.notify()  # whoever should send it may hang next
        if lane.in_flight == 0 and not lane.waiting and lane.limit >= parcel.most_in_flight:
            del self._lanes[parcel.lane]  # as good as new, so it need not be remembered

    def _someone_is_quick(self) -> bool:
        now = time.monotonic()
        return any(now - since < STUCK_SECONDS for since in self._busy_since.values())

    def _idle_until_woken(self) -> None:
        self._idle += 1
        while not self._woken:
            self._work.wait()
        self._woken -= 1
        self._idle -= 1

    def _wake_one(self) -> bool:
        """Let one more runner send; False if there is none left."""
        if self._idle > self._woken:
            self._woken += 1
            self._work.notify()
            return True
        if self._runners >= self._threads:
            return False
        self._runners += 1
        threading.Thread(target=self._run, name=f"webhooks-sender-{self._runners}", daemon=True).start()
        return True

    def _start_pacer(self) -> None:
        if not self._pacing:
            self._pacing = True
            threading.Thread(target=self._keep_pace, name="webhooks-sender-pacer", daemon=True).start()
        self._backlog.notify()

    def _keep_pace(self) -> None:
        """While sends are ready and the process mostly waits, wake as many runners again as are sending."""
        while True:
            with self.lock:
                while not self._ready:
                    self._backlog.wait()
            time.sleep(STUCK_SECONDS)
            with self.lock:
                self._pace, self._ended = self._ended, 0
                if self._ready and (self._pace < SLACK or not self._someone_is_quick()):
                    for _ in range(min(len(self._ready), max(1, len(self._busy_since)))):
                        if not self._wake_one():
                            break
