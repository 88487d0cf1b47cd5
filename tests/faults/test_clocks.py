"""What if clocks jump, disagree, or are too many? Two clocks and ten workers do no harm, nor does an hour."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_event
from tests.stack import wait_until
from webhooks_app.engine.sweep import WORKER_LOST, rescue
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Lease

IN_FLIGHT = 3 * 8
PRELOADED = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.fixture
def faked(tmp_path):
    """The environment of a process whose clock is what `set_to` last said, as faketime writes it ("-1h", "+1h")."""
    if PRELOADED is None or shutil.which("faketime") is None:
        pytest.skip("clocks that jump need faketime: apt install faketime")
    moment = tmp_path / "moment"

    class Faked(dict):
        def set_to(self, offset: str) -> None:
            written = tmp_path / "moment.new"
            written.write_text(offset)
            written.rename(moment)

    one = Faked(
        LD_PRELOAD=str(PRELOADED),
        FAKETIME_TIMESTAMP_FILE=str(moment),
        FAKETIME_NO_CACHE="1",
        DONT_FAKE_MONOTONIC="1",
    )
    one.set_to("+0")
    return one


@pytest.mark.fault(22)
@pytest.mark.parametrize("jump", ["-1h", "+1h"])
def test_a_clock_that_jumps_by_an_hour_loses_nothing(trial, faked, jump):
    stack = trial.installation.stack
    trial.installation.down("worker", "worker 2", "slow", "clock", "clock 2")
    for name in ("worker", "clock"):
        stack.start(name, **faked)
    trial.listen("/takes/100")
    trial.listen("/first/status/500")
    trial.generator.some(10)
    trial.wait_for_arrivals(5)
    faked.set_to(jump)
    trial.generator.some(10)
    time.sleep(3)
    if jump == "-1h":  # what is due by the other clocks is not due by theirs; they come back, and go on
        faked.set_to("+0")

    trial.holds(duplicates=IN_FLIGHT, seconds=60)
    trial.installation.down("worker", "clock")


@pytest.mark.fault(23)
@pytest.mark.parametrize("skew", ["-30s", "+30s"])
def test_hosts_whose_clocks_differ_by_half_a_minute_do_not_rescue_for_ever(trial, faked, skew):
    stack = trial.installation.stack
    trial.installation.down("worker", "worker 2")
    faked.set_to(skew)
    stack.start("worker", **faked)
    trial.listen("/takes/100")
    for _ in range(6):
        trial.generator.by_code()
    time.sleep(10)
    # The other worker, with the right time, takes what the skewed one leaves or has lost.
    stack.start("worker 2")

    trial.holds(duplicates=IN_FLIGHT, seconds=60)
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

    wait_until(lambda: leader() in clocks, seconds=60, what="the other clock")
    trial.generator.some(2)
    trial.holds(duplicates=0)
