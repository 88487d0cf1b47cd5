"""What do tests of the sender send? Parcels that last until a gate opens; and how are their batches emptied?"""

from __future__ import annotations

import threading
import time

from tests.patience import PATIENCE


class Parcel:
    """A send that lasts until its gate opens."""

    def __init__(self, lane="a", *, most=8, gate=None, log=None, timed_out=False, stays=False) -> None:
        self.lane, self.most_in_flight = lane, most
        self.gate, self.log, self.timed_out = gate, log, timed_out
        self.stays = stays  # asked at last, it may not begin
        self.is_late = False
        self.began = threading.Event()

    def may_begin(self) -> bool:
        return not self.is_late

    def send(self) -> bool | None:
        if self.stays:
            return None
        self.began.set()
        if self.gate is not None:
            assert self.gate.wait(PATIENCE)
        if self.log is not None:
            self.log.append(self)
        return self.timed_out


def take(batch, *, at_least, seconds=0.0, hasty=False) -> list:
    finished = batch.finished(at_least=at_least, seconds=seconds, hasty=hasty)
    batch.kept(finished)
    return finished


def take_all(batch) -> list:
    taken = []
    until = time.monotonic() + PATIENCE
    while not batch.is_over:
        assert time.monotonic() < until, "the batch never ended"
        taken += take(batch, at_least=1, seconds=0.5)
    return taken
