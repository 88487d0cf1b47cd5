"""Is what jobs leave behind recorded, given back in time, and waited for at the end?"""

from __future__ import annotations

import threading
import time

import pytest

from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine import stragglers as module
from webhooks_app.engine.sender import Sender
from webhooks_app.engine.stragglers import LeftBatch, Stragglers


class Parcel:
    """A send that lasts until its gate opens; one at a time."""

    lane = "a"
    most_in_flight = 1

    def __init__(self, gate: threading.Event) -> None:
        self.gate = gate

    def may_begin(self) -> bool:
        return True

    def send(self) -> bool:
        self.gate.wait(PATIENCE)
        return False


class Ledger:
    """What was recorded and given back."""

    def __init__(self) -> None:
        self.recorded: list[Parcel] = []
        self.returned: list[Parcel] = []

    def left(self, batch, *, begin_seconds=60.0, lease_seconds=60.0, record=None) -> LeftBatch:
        lease_ends = time.monotonic() + lease_seconds
        return LeftBatch(
            batch, record or self.recorded.extend, self.returned.extend, begin_seconds, lease_ends
        )


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def hung(gate):
    """Three parcels of one lane: one is in flight and hangs, two wait."""
    parcels = [Parcel(gate) for _ in range(3)]
    sender = Sender(threads=2)
    batch = sender.submit(parcels)
    wait_until(lambda: sender.in_flight == 1)
    return batch, parcels


def test_what_ends_later_is_recorded_by_the_background(hung, gate, ledger):
    batch, parcels = hung
    stragglers = Stragglers()
    stragglers.leave(ledger.left(batch))
    assert stragglers.count() == 3

    gate.set()
    wait_until(lambda: ledger.recorded == parcels)
    assert stragglers.count() == 0


def test_what_does_not_begin_in_time_is_given_back(hung, ledger):
    batch, parcels = hung
    Stragglers().leave(ledger.left(batch, begin_seconds=0.01))

    wait_until(lambda: ledger.returned == parcels[1:])
    assert ledger.recorded == []


def test_a_second_batch_finds_the_background_still_there(hung, gate, ledger):
    stragglers = Stragglers()
    gate.set()
    for _ in range(2):
        batch = Sender(threads=1).submit([Parcel(gate)])
        stragglers.leave(ledger.left(batch))
        wait_until(lambda: stragglers.count() == 0)
        time.sleep(0.25)  # so that it goes to sleep in between

    assert len(ledger.recorded) == 2


def test_what_cannot_be_recorded_is_tried_again_and_nothing_more_is_sent(hung, gate, ledger, caplog):
    tried = []

    def fail_at_first(finished):
        tried.append(finished)
        if len(tried) == 1:
            raise ZeroDivisionError
        ledger.recorded.extend(finished)

    batch, parcels = hung
    batch.take_back()
    Stragglers().leave(ledger.left(batch, record=fail_at_first))
    gate.set()

    wait_until(lambda: batch.is_over)
    assert ledger.recorded == parcels[:1]
    assert ledger.returned == parcels[1:]
    assert "tried again" in caplog.text


def test_results_that_cannot_be_recorded_are_left_to_the_lease(hung, gate, ledger, caplog):
    def fail(_):
        raise ZeroDivisionError

    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0], record=fail, lease_seconds=0))
    gate.set()

    wait_until(lambda: stragglers.count() == 0)
    wait_until(lambda: "left to the lease" in caplog.text)


def test_all_batches_are_recorded_in_one_go(gate, ledger):
    """With a database that is away each would wait for itself, and the last one longer than its lease."""
    sender = Sender(threads=4)
    parcels = [Parcel(gate) for _ in range(3)]
    gate.set()
    batches = [sender.submit([parcel]) for parcel in parcels]
    wait_until(lambda: all(batch.finished() for batch in batches))
    groups = []
    stragglers = Stragglers()
    for batch in batches:
        stragglers.leave(ledger.left(batch, record=groups.append))
    stragglers.drain(seconds=PATIENCE)

    assert groups == [parcels]


# At the end


def test_draining_gives_back_at_once_and_waits_for_what_is_in_flight(hung, gate, ledger):
    batch, parcels = hung
    stragglers = Stragglers()
    stragglers.leave(ledger.left(batch))
    threading.Timer(0.15, gate.set).start()
    stragglers.drain(seconds=PATIENCE)

    assert ledger.returned == parcels[1:]
    assert ledger.recorded == parcels[:1]


def test_draining_does_not_wait_longer_than_told(hung, ledger):
    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0]))
    began = time.monotonic()
    stragglers.drain(seconds=0.1)

    assert time.monotonic() - began < SOON
    assert len(ledger.returned) == 2


def test_draining_nothing_takes_no_time():
    began = time.monotonic()
    Stragglers().drain(seconds=PATIENCE)

    assert time.monotonic() - began < SOON


def test_draining_waits_for_results_that_are_just_being_recorded(hung, gate, ledger):
    """Else the process would end, and the background thread with it, in the middle of a transaction."""
    recording, may_end = threading.Event(), threading.Event()

    def slowly(parcels):
        recording.set()
        may_end.wait(PATIENCE)
        ledger.recorded.extend(parcels)

    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0], record=slowly))
    gate.set()
    assert recording.wait(PATIENCE)
    threading.Timer(0.1, may_end.set).start()
    stragglers.drain(seconds=PATIENCE)

    assert len(ledger.recorded) == 3


def test_a_process_that_is_asked_to_stop_gives_back_before_it_drains(hung, ledger):
    """Its worker first says goodbye to the queue, and meanwhile nothing more should begin."""
    batch, parcels = hung
    stragglers = Stragglers()
    stragglers.leave(ledger.left(batch))
    stragglers.hurry()

    wait_until(lambda: ledger.returned == parcels[1:])


# Room for the next job


def test_a_job_waits_until_there_is_room(hung, gate, ledger, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", PATIENCE)
    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0]))
    threading.Timer(0.05, gate.set).start()
    began = time.monotonic()
    stragglers.wait_for_room(3)

    assert stragglers.count() < 3
    assert time.monotonic() - began < PATIENCE


def test_a_job_waits_a_moment_at_most(hung, ledger, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.1)
    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0]))
    began = time.monotonic()
    stragglers.wait_for_room(1)

    assert 0.1 <= time.monotonic() - began < SOON


def test_a_process_that_is_asked_to_stop_does_not_wait_for_room(hung, ledger, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", PATIENCE)
    stragglers = Stragglers()
    stragglers.leave(ledger.left(hung[0]))
    stragglers.hurry()
    began = time.monotonic()
    stragglers.wait_for_room(1)

    assert time.monotonic() - began < SOON
