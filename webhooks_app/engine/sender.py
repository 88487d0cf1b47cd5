"""Who sends? One runner thread of the process as a rule, and more only while that one mostly waits.

A busy interpreter lock makes many threads slower than one, so a single runner takes the ready sends in
turn. Only when every send in flight is older than 10 ms, or hardly any has ended in the last 10 ms (receivers a
few milliseconds away keep nobody busy), does the pacer wake further runners, up to `threads`; they go back to
sleep once many sends end. A lane a listener keeps the number of its sends in flight within a limit: the rest
waits in the lane and holds no thread. The lanes that are slow hold at most half of the threads together.

Whoever submits a batch waits in its own thread (`Batch.finished`) and records there; it never blocks on a send.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from webhooks_app.engine.batch import Batch, P, Parcel
from webhooks_app.engine.forking import after_fork
from webhooks_app.engine.lanes import Lane

log = logging.getLogger("webhooks_app.deliver")

STUCK_SECONDS = 0.010
# How many sends end within that time: with fewer than the first the process mostly waits for its receivers, with
# as many as the second it has no use for another runner.
SLACK, BRISK = 5, 20


class Sender:
    """The sending threads of this process; made lazily, and anew in a child that was forked."""

    def __init__(self, *, threads: int, thread: Callable[..., threading.Thread] = threading.Thread) -> None:
        self._threads = threads
        self._most_slow = max(1, threads // 2)
        self._thread = thread
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
        self._is_short = False  # of threads: the machine gave no more when last asked
        self._ended = 0  # sends, since the pacer last looked
        self._pace = 0  # how many it found then
        self._ready: deque[tuple[Batch[Any], Parcel]] = deque()
        self._held_up: deque[tuple[Batch[Any], Parcel]] = deque()  # ready, while slow lanes have their share
        self._lanes: dict[str, Lane] = {}
        self._busy_since: dict[int, float] = {}
        self._busy_with: dict[int, Lane] = {}

    def submit(self, parcels: Sequence[P]) -> Batch[P]:
        """Have these sent; the caller takes the results from the batch."""
        batch = Batch(self.lock, parcels)
        with self.lock:
            for parcel in parcels:
                self._line_up(batch, parcel)
            if self._ready and not self._someone_is_quick():
                self._wake_one()
            self._start_pacer()
        return batch

    @property
    def in_flight(self) -> int:
        """How many sends are under way."""
        with self.lock:
            return len(self._busy_since)

    @property
    def crowded(self) -> list[str]:
        """The lanes in which something waits for its turn."""
        with self.lock:
            return [name for name, lane in self._lanes.items() if lane.waiting]

    def _line_up(self, batch: Batch[Any], parcel: Parcel) -> None:
        lane = self._lanes.get(parcel.lane)
        if lane is None:
            lane = self._lanes[parcel.lane] = Lane(parcel.most_in_flight)
        now = time.monotonic()
        if not lane.is_slow(now):
            batch.awaits(parcel)
        if lane.has_room(now):
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
                batch.ended(parcel, was_sent=timed_out is not None)
                del self._busy_since[me]
                del self._busy_with.pop(me).began[me]
                self._leave_lane(parcel, seconds=seconds, timed_out=timed_out)
                self._ended += 1
                if seconds < STUCK_SECONDS and self._pace >= BRISK and self._someone_is_quick():
                    self._idle_until_woken()

    def _next(self, me: int) -> tuple[Batch[Any], Parcel]:
        with self.lock:
            while True:
                while not self._ready:
                    self._idle_until_woken()
                batch, parcel = self._ready.popleft()
                lane, now = self._lanes[parcel.lane], time.monotonic()
                if lane.must_wait(now):
                    lane.in_flight -= 1
                    lane.waiting.append((batch, parcel))
                    continue
                if lane.is_slow(now) and not self._room_for_slow(now):
                    self._held_up.append((batch, parcel))
                    continue
                if batch.began(parcel, now):
                    self._busy_since[me] = now
                    self._busy_with[me] = lane
                    lane.began[me] = now
                    return batch, parcel
                self._leave_lane(parcel, seconds=0.0, timed_out=None)

    def _leave_lane(self, parcel: Parcel, *, seconds: float, timed_out: bool | None) -> None:
        lane, now = self._lanes[parcel.lane], time.monotonic()
        lane.in_flight -= 1
        if timed_out is not None:
            lane.has_answered(most=parcel.most_in_flight, seconds=seconds, timed_out=timed_out)
        while lane.waiting and lane.has_room(now):
            lane.in_flight += 1
            self._ready.append(lane.waiting.popleft())
            self._backlog.notify()  # whoever should send it may hang next
        if lane.in_flight == 0 and not lane.waiting and not lane.was_slow:
            del self._lanes[parcel.lane]  # as good as new, so it need not be remembered
        if self._held_up:
            for _ in range(min(self._room_for_slow(now), len(self._held_up))):
                self._ready.append(self._held_up.popleft())
            self._backlog.notify()

    def _room_for_slow(self, now: float) -> int:
        """How many more sends slow lanes may begin."""
        return max(0, self._most_slow - sum(lane.is_slow(now) for lane in self._busy_with.values()))

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
        if not self._start(self._run, name=f"webhooks-sender-{self._runners + 1}"):
            return False
        self._runners += 1
        return True

    def _start_pacer(self) -> None:
        if not self._pacing:
            self._pacing = self._start(self._keep_pace, name="webhooks-sender-pacer")
        self._backlog.notify()

    def _start(self, run: Callable[[], None], *, name: str) -> bool:
        """Start a thread, under the lock; False where the machine allows no more."""
        try:
            self._thread(target=run, name=name, daemon=True).start()
        except RuntimeError as error:
            if not self._is_short:  # the pacer asks again every few milliseconds
                log.warning("The thread %s cannot be started (%s); those that run must do.", name, error)
            self._is_short = True
            return False
        self._is_short = False
        return True

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
