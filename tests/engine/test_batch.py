"""Does a batch know what has ended, what was taken back and what is kept, and lose nothing in between?"""

from __future__ import annotations

import threading
import time

import pytest

from tests.engine.parcels import Parcel, take, take_all
from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine.sender import Sender


@pytest.fixture
def gate():
    """What hangs until it is set; set at the end in any case."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_what_has_not_begun_can_be_taken_back_and_is_never_sent(gate):
    sender = Sender(threads=4)
    first, second, third = parcels = [Parcel("narrow", most=1, gate=gate) for _ in range(3)]
    batch = sender.submit(parcels)
    assert first.began.wait(PATIENCE)

    batch.take_back()
    assert batch.unsent() == [second, third]
    batch.kept([second, third])
    assert batch.unsent() == []
    gate.set()
    assert take_all(batch) == [first]
    assert not second.began.is_set()
    after = sender.submit([Parcel("narrow", most=1)])  # the lane is as good as before
    assert len(take_all(after)) == 1


def test_what_comes_too_late_is_not_sent_and_can_be_taken_back():
    late, good, after = parcels = [Parcel("narrow", most=1) for _ in range(3)]
    late.is_late = True
    batch = Sender(threads=2).submit(parcels)
    wait_until(lambda: batch.finished() == [good, after])
    batch.take_back()

    assert batch.unsent() == [late]
    assert not late.began.is_set()


def test_what_does_not_begin_after_all_is_unsent_and_its_lane_goes_on():
    stays, good = parcels = [Parcel("narrow", most=1, stays=True), Parcel("narrow", most=1)]
    batch = Sender(threads=2).submit(parcels)
    wait_until(lambda: batch.finished() == [good])

    assert batch.unsent() == [stays]
    batch.kept([good, stays])
    assert batch.is_over


def test_what_was_not_kept_is_there_when_it_is_asked_for_again():
    parcel = Parcel()
    batch = Sender(threads=1).submit([parcel])

    assert batch.finished(at_least=1, seconds=PATIENCE) == [parcel]
    assert batch.finished() == [parcel]
    assert not batch.is_over
    batch.kept([parcel])
    assert batch.is_over


def test_finished_waits_for_a_group_or_the_end_but_not_longer_than_told(gate):
    sender = Sender(threads=4)
    batch = sender.submit([Parcel(), Parcel(), Parcel("hung", gate=gate)])

    began = time.monotonic()
    assert len(take(batch, at_least=2, seconds=PATIENCE)) == 2
    assert batch.unfinished == 1
    assert take(batch, at_least=1, seconds=0.03) == []
    assert time.monotonic() - began < SOON
    gate.set()
    assert len(take(batch, at_least=50, seconds=PATIENCE)) == 1  # the end comes before the group is full
    assert time.monotonic() - began < PATIENCE
    assert batch.is_over


def test_who_is_in_haste_waits_for_no_listener_that_was_slow(gate):
    sender = Sender(threads=4)
    take_all(sender.submit([Parcel("slow", timed_out=True)]))
    batch = sender.submit([Parcel("slow", gate=gate), Parcel("good")])

    began = time.monotonic()
    assert len(take(batch, at_least=50, seconds=PATIENCE, hasty=True)) == 1
    assert time.monotonic() - began < SOON
    assert not batch.is_awaited
    gate.set()
    assert len(take(batch, at_least=50, seconds=PATIENCE)) == 1


def test_an_empty_batch_is_over():
    assert Sender(threads=1).submit([]).is_over
