"""What if PostgreSQL restarts, throws everybody out, falls silent, or is locked?"""

from __future__ import annotations

import random
import threading
import time

import pytest
import sqlalchemy as sa

from tests.faults import WORKERS_UP, most_again
from tests.faults.installation import LEASE_SECONDS
from tests.faults.nemesis import WORKERS, kill_a_worker

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("installation", ["postgresql"], indirect=True),
]

THROW_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
)


@pytest.mark.fault(16)
def test_a_server_that_restarts_at_once_under_load_loses_nothing(trial):
    trial.listen()
    trial.listen("/takes/100")
    with trial.generator.load(per_second=20):
        for _ in range(3):
            time.sleep(2)
            trial.installation.server.restart_at_once()
            trial.kills += 1
        time.sleep(2)

    trial.holds(duplicates=most_again(ends=3 * WORKERS_UP, listeners=2))


@pytest.mark.fault(17)
def test_a_server_that_throws_everybody_out_again_and_again_loses_nothing(trial):
    trial.listen()
    trial.listen("/takes/100")
    with trial.generator.load(per_second=20):
        for _ in range(20):
            trial.installation.server.execute(THROW_OUT)
            time.sleep(0.5)

    trial.holds(duplicates=most_again(ends=3 * WORKERS_UP, listeners=2))


@pytest.mark.fault(18)
@pytest.mark.parametrize("leases", [0.5, 2.0])
def test_a_server_that_is_silent_when_a_result_comes_gets_it_later(trial, leases):
    trial.listen("/takes/500")
    for _ in range(4):
        trial.generator.by_code()
    trial.wait_for_arrivals()
    trial.installation.database.go_silent()
    time.sleep(leases * LEASE_SECONDS)
    trial.installation.database.let_pass()

    trial.holds(duplicates=4)


@pytest.mark.fault(18)
@pytest.mark.parametrize("harm", ["reset", "cut", "slow"])
def test_a_line_to_the_server_that_breaks_loses_nothing(trial, harm):
    line = trial.installation.database
    trial.listen("/takes/100")
    with trial.generator.load(per_second=10):
        for _ in range(5):
            time.sleep(1)
            if harm == "reset":
                line.reset()
            elif harm == "cut":
                line.cut_after(20_000)
            else:
                line.slow_down(0.05)
        line.let_pass()

    trial.holds(duplicates=most_again(ends=5 * WORKERS_UP))


@pytest.mark.fault(19)
def test_locked_tables_are_a_503_for_callers_and_a_pause_for_workers(trial):
    trial.listen("/takes/100")
    trial.generator.some(10)
    with trial.engine.sessions() as session:
        session.execute(sa.text("LOCK TABLE webhooks_events IN ACCESS EXCLUSIVE MODE"))  # claims read it too
        began = time.monotonic()
        while time.monotonic() - began < 10:
            assert trial.generator.by_api() == 503
        session.rollback()

    trial.holds(duplicates=most_again(ends=WORKERS_UP))


@pytest.mark.fault(10)
def test_three_workers_killed_and_started_under_load_while_the_server_restarts(trial, is_thorough):
    """Where one machine ends: workers that share a PostgreSQL, and none of them is needed."""
    dice, names = random.Random(), (*WORKERS, "worker 3")
    trial.listen()
    trial.listen("/takes/50")
    trial.installation.stack.start("worker 3")
    restart = threading.Timer(3, trial.installation.server.restart_at_once)
    with trial.generator.load(per_second=20):
        restart.start()
        for _ in range(20 if is_thorough else 6):
            kill_a_worker(trial, dice, of=names)
            time.sleep(dice.uniform(0.2, 1.5))
    restart.join()
    trial.installation.down("worker 3")

    trial.holds(duplicates=most_again(ends=trial.kills + 4, listeners=2), seconds=60)
