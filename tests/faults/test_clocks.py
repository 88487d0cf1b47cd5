"""What if clocks jump, disagree, or are too many? Two clocks and ten workers do no harm, nor does an hour."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_event
from tests.faults import WORKERS_UP, most_again
from tests.faults.installation import STARTED_SECONDS
from tests.patience import wait_until
from webhooks_app.engine.rescue import WORKER_LOST, rescue
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Lease

HOUR = 3600
ALARM = {-30: " s behind the database's", 30: " s ahead of the database's"}


@pytest.mark.fault(22)
@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_jumps_by_an_hour_loses_nothing(trial, faked, jump):
    stack = trial.installation.stack
    trial.installation.down("worker", "worker 2", "slow", "clock", "clock 2")
    for name in ("worker", "slow", "clock"):
        stack.start(name, **faked)
    trial.listen("/takes/100")
    trial.listen("/first/status/500")
    trial.generator.some(10)
    trial.wait_for_arrivals(5)
    faked.set_to(jump)
    trial.generator.some(10)
    time.sleep(3)
    if jump < 0:  # what is due by the other clocks is not due by theirs; they come back, and go on
        faked.set_to(0)

    trial.holds(duplicates=most_again(ends=WORKERS_UP), seconds=60)
    trial.installation.down("worker", "slow", "clock")


@pytest.mark.fault(23)
@pytest.mark.parametrize("skew", [-30, 30])
def test_hosts_whose_clocks_differ_by_half_a_minute_do_not_rescue_for_ever(trial, faked, skew):
    stack = trial.installation.stack
    trial.installation.down("worker", "worker 2")
    faked.set_to(skew)
    said_before = len(stack.log("worker"))
    stack.start("worker", **faked)
    if not trial.installation.is_sqlite:  # which has no clock of its own
        wait_until(
            lambda: ALARM[skew] in stack.log("worker")[said_before:],
            seconds=STARTED_SECONDS,
            what="the alarm",
        )
    trial.listen("/takes/100")
    for _ in range(6):
        trial.generator.by_code()
    time.sleep(10)
    # The other worker, with the right time, takes what the skewed one leaves or has lost.
    stack.start("worker 2")

    trial.holds(duplicates=most_again(ends=WORKERS_UP), seconds=60)
    lost = Counter(attempt.delivery_id for attempt in trial.attempts() if attempt.error == WORKER_LOST)
    assert all(count <= 3 for count in lost.values())
    trial.installation.down("worker")


@pytest.mark.fault(34)
def test_many_sweepers_rescue_each_delivery_once(trial):
    trial.installation.down("clock", "clock 2", "worker", "worker 2", "slow")
    listener, past = trial.listen(), datetime.now(UTC) - timedelta(seconds=1)
    event_ids = []
    for _ in range(60):
        event = make_event(trial.engine, hook=trial.hook, dispatched_at=past)
        event_ids.append(event.id)
        lease = {"lease_until": past, "lease_token": new_id(), "leased_at": past, "hook": trial.hook}
        make_delivery(trial.engine, event=event, listener=listener, status="sending", **lease)
    rescued: list[int] = []
    sweepers = [threading.Thread(target=lambda: rescued.append(rescue(trial.engine))) for _ in range(8)]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join(60)

    assert sum(rescued) == 60
    assert Counter(attempt.number for attempt in trial.attempts()) == {1: 60}
    trial.installation.revive()
    trial.holds(duplicates=0)


@pytest.mark.fault(34)
def test_two_clocks_and_ten_workers_do_no_harm(trial, is_thorough):
    names = [f"worker {number}" for number in range(3, 11)]
    for name in names:
        trial.installation.stack.start(name)
    trial.listen()
    trial.listen("/takes/50")
    trial.listen("/first/status/500")
    with trial.generator.load(per_second=30):
        time.sleep(10)
        trial.installation.kill("clock")
        trial.installation.revive()
        time.sleep(5)
    trial.installation.down(*names)

    trial.holds(duplicates=0)


@pytest.mark.fault(34)
def test_one_clock_follows_the_other(trial):
    def leader():
        with trial.engine.readings() as session:
            return (
                session.scalars(sa.select(Lease.owner).where(Lease.name == "clock")).one().rpartition("-")[2]
            )

    stack = trial.installation.stack
    clocks = {str(stack.processes[name].pid): name for name in ("clock", "clock 2")}
    trial.installation.kill(clocks.pop(leader()))

    wait_until(lambda: leader() in clocks, seconds=120, what="the other clock")
    trial.generator.some(2)
    trial.holds(duplicates=0)
