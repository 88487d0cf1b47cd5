"""What if a worker dies, is stopped, or stands still, wherever it is just then?"""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults import most_again, slowness
from tests.faults.installation import LEASE_SECONDS, TIMEOUT_SECONDS
from tests.faults.nemesis import kill_a_worker
from tests.patience import wait_until
from webhooks_app.match import Gte

EVENTS = 6


def kill_at(trial, point):
    """Some events, one of which meets a worker that dies at this point; and the worker again."""
    trial.listen()
    trial.listen(wants={"n": Gte(2)})
    trial.arm(point, "kill")
    trial.generator.some(EVENTS)
    trial.wait_for_kill(point)
    trial.installation.revive()


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    "point", ["dispatch.after_pop", "dispatch.after_commit", "claim.before_commit", "claim.after_commit"]
)
def test_a_worker_killed_before_it_sends_costs_no_second_arrival(trial, point):
    kill_at(trial, point)

    trial.holds(duplicates=0)


@pytest.mark.fault(6)
@pytest.mark.parametrize("point", ["send.after_request", "send.after_response", "record.before"])
def test_a_worker_killed_between_sending_and_recording_may_send_again(trial, point):
    kill_at(trial, point)

    figures = trial.holds(duplicates=2 * EVENTS)  # what it had sent and not recorded
    assert figures.explained >= 1
    assert "worker_lost" in {attempt.error_class for attempt in trial.attempts()}


@pytest.mark.fault(7)
@pytest.mark.parametrize("point", ["record.mid_tx", "record.after_commit"])
def test_a_worker_killed_while_it_records_has_recorded_all_or_nothing(trial, point):
    kill_at(trial, point)

    trial.holds(duplicates=2 * EVENTS)


@pytest.mark.fault(8)
def test_a_worker_that_comes_back_after_its_lease_is_fenced(trial):
    trial.listen()
    trial.arm("send.after_response", f"sleep:{int((LEASE_SECONDS + 5) * 1000)}")
    trial.generator.some(1)
    trial.wait_for_point("send.after_response")
    trial.kills += 1
    wait_until(
        lambda: "superseded" in {attempt.error_class for attempt in trial.attempts()},
        seconds=60,
        what="the late answer",
    )

    trial.holds(duplicates=1)


@pytest.mark.fault(9)
def test_sigterm_lets_what_is_in_flight_end_and_gives_the_rest_back(trial):
    stack = trial.installation.stack
    worker = stack.processes["worker"]
    trial.installation.down("worker 2")
    trial.listen("/first/hang")
    trial.listen("/first/takes/700")
    trial.generator.some(20)
    trial.wait_for_arrivals(2)

    began = time.monotonic()
    assert stack.end("worker", seconds=60) == 0
    took = time.monotonic() - began
    assert took < (TIMEOUT_SECONDS + 5) * slowness()
    assert trial.leased_by(worker.pid) == []  # nothing is left to a lease
    trial.installation.revive()

    trial.holds(duplicates=40)  # a receiver that hangs has it each time
    mine = [attempt for attempt in trial.attempts() if attempt.worker.endswith(f"-{worker.pid}")]
    assert "worker_lost" not in {attempt.error_class for attempt in mine}


@pytest.mark.fault(9)
def test_a_second_sigterm_is_at_worst_a_kill(trial):
    worker = trial.installation.stack.processes["worker"]
    trial.installation.down("worker 2")
    trial.listen("/first/takes/1000")
    trial.generator.some(4)
    trial.wait_for_arrivals(1)
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    trial.kills += 1
    trial.installation.revive()

    trial.holds(duplicates=4)


@pytest.mark.fault(9)
def test_a_worker_that_is_stopped_and_continued_is_fenced(trial):
    trial.installation.down("worker 2")
    worker = trial.installation.stack.processes["worker"]
    trial.listen("/takes/300")
    trial.generator.some(3)
    trial.wait_for_arrivals(1)
    worker.send_signal(signal.SIGSTOP)
    trial.installation.stack.start("worker 2")
    time.sleep(2 * LEASE_SECONDS)
    worker.send_signal(signal.SIGCONT)
    trial.kills += 1

    trial.holds(duplicates=3)


@pytest.mark.fault(10)
def test_workers_killed_at_random_under_load_lose_nothing(trial, is_thorough, record_property):
    kills, seed = (60 if is_thorough else 8), random.randrange(10**6)
    record_property("seed", seed)
    dice = random.Random(seed)
    trial.installation.stack.start("worker 3")
    for _ in range(3):
        trial.listen()
    with trial.generator.load(per_second=20):
        for _ in range(kills):
            kill_a_worker(trial, dice, of=("worker", "worker 2", "worker 3"))
            time.sleep(dice.uniform(0.1, 1.5))
    trial.installation.down("worker 3")

    trial.holds(duplicates=most_again(ends=kills, listeners=3), seconds=60)
