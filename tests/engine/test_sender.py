"""Do sends share the threads well: in order, within each lane's limit, and not held up by who hangs?"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter

import pytest

from tests.engine.parcels import Parcel, take, take_all
from tests.patience import PATIENCE, wait_until
from webhooks_app.engine.lanes import LATE_SECONDS
from webhooks_app.engine.sender import Sender


@pytest.fixture
def gate():
    """What hangs until it is set; set at the end in any case."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_everything_is_sent_in_order_while_all_are_quick():
    log = []
    parcels = [Parcel(f"lane {number % 5}", log=log) for number in range(100)]
    batch = Sender(threads=1).submit(parcels)  # on a loaded machine a second one may be woken, and overtake

    assert take_all(batch) == parcels
    assert log == parcels


def test_one_runner_is_enough_while_all_are_quick():
    """On a loaded machine a runner may stand still, and then another one is rightly woken; not each time."""

    def runners_of_a_batch():
        threads = set()

        class Noting(Parcel):
            def send(self):
                threads.add(threading.get_ident())
                return False

        take_all(Sender(threads=8).submit([Noting() for _ in range(300)]))
        return len(threads)

    wait_until(lambda: runners_of_a_batch() == 1)


def test_receivers_a_few_milliseconds_away_are_sent_to_side_by_side():
    """One runner alone would send to them one after the other, although it does nothing but wait."""
    sender, lock, in_flight, most_seen = Sender(threads=16), threading.Lock(), [], []

    class FiveMilliseconds(Parcel):
        def send(self):
            with lock:
                in_flight.append(self)
                most_seen.append(len(in_flight))
            time.sleep(0.005)
            with lock:
                in_flight.remove(self)
            return False

    def most_at_once():
        take_all(sender.submit([FiveMilliseconds(f"lane {number % 20}") for number in range(100)]))
        return max(most_seen)

    wait_until(lambda: most_at_once() >= 3)


def test_no_lane_ever_has_more_in_flight_than_its_limit():
    """Measured inside the sends themselves, over many lanes and batches at once."""
    lock, in_flight, most_seen = threading.Lock(), Counter(), Counter()
    several = threading.Event()

    class Counting(Parcel):
        def send(self):
            with lock:
                in_flight[self.lane] += 1
                most_seen[self.lane] = max(most_seen[self.lane], in_flight[self.lane])
                if in_flight["eight"] > 2:
                    several.set()
            if self.lane == "eight":
                several.wait(PATIENCE)  # so that the lane is tried at all
            time.sleep(0.05)  # long enough for the pacer to wake others, several times
            with lock:
                in_flight[self.lane] -= 1
            return False

    sender = Sender(threads=16)
    limits = {"one": 1, "two": 2, "eight": 8}
    batches = [
        sender.submit([Counting(lane, most=most) for _ in range(6) for lane, most in limits.items()])
        for _ in range(2)
    ]
    for batch in batches:
        take_all(batch)

    assert most_seen["one"] == 1
    assert most_seen["two"] <= 2
    assert most_seen["eight"] <= 8
    assert several.is_set()


def test_a_lane_that_hangs_holds_up_nobody_else(gate):
    sender = Sender(threads=8)
    hung = [Parcel("hung", most=2, gate=gate) for _ in range(20)]
    quick = [Parcel(f"quick {number}") for number in range(50)]
    stuck = sender.submit(hung)
    others = sender.submit(quick)

    assert set(take_all(others)) == set(quick)
    assert sum(parcel.began.is_set() for parcel in hung) == 2
    assert take(stuck, at_least=1, seconds=0) == []

    gate.set()
    assert set(take_all(stuck)) == set(hung)


def test_it_says_in_which_lanes_something_waits_for_its_turn(gate):
    sender = Sender(threads=4)
    narrow, waits, wide = (
        Parcel("narrow", most=1, gate=gate),
        Parcel("narrow", most=1),
        Parcel("wide", gate=gate),
    )
    batch = sender.submit([narrow, waits, wide])
    assert sender.crowded == ["narrow"]

    gate.set()
    take_all(batch)
    assert sender.crowded == []


def test_several_lanes_that_hang_leave_the_rest_their_threads(gate):
    sender = Sender(threads=8)
    batch = sender.submit([Parcel(f"hung {number}", most=1, gate=gate) for number in range(7)])
    quick = sender.submit([Parcel(f"quick {number}") for number in range(50)])

    assert len(take_all(quick)) == 50
    assert take(batch, at_least=1, seconds=0) == []
    assert sender.in_flight == 7


def test_a_send_that_becomes_ready_later_is_seen_although_everyone_hangs(gate):
    """A lane frees its next send while the only other runner begins to hang: somebody must be woken for it."""
    sender = Sender(threads=8)
    for _ in range(20):
        own_gate = threading.Event()
        first, second = Parcel("narrow", most=1), Parcel("narrow", most=1)
        hung = [Parcel(f"hung {number}", gate=own_gate) for number in range(3)]
        batch = sender.submit([hung[0], hung[1], first, hung[2], second])

        assert second.began.wait(PATIENCE)
        own_gate.set()
        take_all(batch)


def test_never_more_sends_are_under_way_than_there_are_threads(gate):
    sender = Sender(threads=3)
    parcels = [Parcel(f"lane {number}", gate=gate) for number in range(10)]
    batch = sender.submit(parcels)
    wait_until(lambda: sender.in_flight == 3)
    time.sleep(0.05)

    assert sum(parcel.began.is_set() for parcel in parcels) == 3
    gate.set()
    assert len(take_all(batch)) == 10


def test_after_a_timeout_a_lane_sends_one_at_a_time(gate):
    sender = Sender(threads=8)
    take_all(sender.submit([Parcel("slow", timed_out=True)]))
    parcels = [Parcel("slow", gate=gate) for _ in range(5)]
    batch = sender.submit(parcels)
    assert parcels[0].began.wait(PATIENCE)
    time.sleep(0.05)

    assert [parcel.began.is_set() for parcel in parcels] == [True, False, False, False, False]
    gate.set()
    assert take_all(batch) == parcels


@pytest.mark.parametrize("most", [1, 8])
def test_slow_lanes_hold_at_most_half_of_the_threads(gate, most):
    sender = Sender(threads=8)
    slow = [f"slow {number}" for number in range(6)]
    take_all(sender.submit([Parcel(lane, most=most, timed_out=True) for lane in slow]))
    hung = [Parcel(lane, most=most, gate=gate) for lane in slow]
    batch = sender.submit(hung)
    wait_until(lambda: sender.in_flight == 4)
    good = [Parcel(f"good {number}", gate=gate) for number in range(4)]
    others = sender.submit(good)

    wait_until(lambda: sender.in_flight == 8)
    assert sum(parcel.began.is_set() for parcel in hung) == 4
    assert all(parcel.began.wait(PATIENCE) for parcel in good)
    gate.set()
    assert set(take_all(batch)) == set(hung)
    assert take_all(others)


def test_listeners_that_have_not_answered_yet_leave_half_of_the_threads(gate):
    """Until the first of them runs into its timeout they would else take thread after thread."""
    sender = Sender(threads=8)
    lanes = [f"hung {number}" for number in range(6)]
    first = sender.submit([Parcel(lane, gate=gate) for lane in lanes])
    wait_until(lambda: sender.in_flight == 6)
    time.sleep(LATE_SECONDS + 0.1)
    more = sender.submit([Parcel(lane, gate=gate) for lane in lanes])
    good = sender.submit([Parcel(f"good {number}") for number in range(4)])

    assert len(take_all(good)) == 4
    assert sender.in_flight == 6
    gate.set()
    assert len(take_all(first) + take_all(more)) == 12


def test_slow_lanes_have_their_share_although_what_went_before_was_taken_back(gate):
    sender = Sender(threads=2)
    lanes = ["one", "two", "three"]
    take_all(sender.submit([Parcel(lane, timed_out=True) for lane in lanes]))
    first, second, third = (sender.submit([Parcel(lane, gate=gate)]) for lane in lanes)
    wait_until(lambda: sender.in_flight == 1)
    time.sleep(0.03)  # so that the others are held up
    second.take_back()
    gate.set()

    assert len(take_all(first)) == 1
    assert len(take_all(third)) == 1


def test_a_machine_that_has_no_more_threads_gets_on_with_those_it_has(caplog):
    refused = []

    class Scarce(threading.Thread):
        def start(self):
            if len(refused) < 3:
                refused.append(self.name)
                raise RuntimeError("can't start new thread")
            super().start()

    sender = Sender(threads=2, thread=Scarce)
    first = sender.submit([Parcel()])
    assert refused == ["webhooks-sender-1", "webhooks-sender-pacer"]
    second = sender.submit([Parcel()])  # the runner is refused once more, the pacer starts and tries again

    assert len(take_all(first)) == len(take_all(second)) == 1
    assert caplog.text.count("can't start new thread") == 1


def test_a_forked_child_sends_with_threads_of_its_own(gate):
    """As under gunicorn with preload_app, where the parent may have sent something before."""
    sender = Sender(threads=2)
    batch = sender.submit([Parcel("hung", gate=gate), Parcel("other", gate=gate), Parcel("third")])
    wait_until(lambda: sender.in_flight == 2)
    with sender.lock:  # the worst moment of all
        child = _fork(lambda: len(take_all(sender.submit([Parcel("hung"), Parcel()]))) == 2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    gate.set()
    assert len(take_all(batch)) == 3


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def _fork(holds) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if holds() else 2
        finally:
            os._exit(status)
    return child
