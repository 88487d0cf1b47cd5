"""What if the machine gives no more files or memory, or an event kills whoever sends it?"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.patience import wait_until
from webhooks_app.storage.models import Delivery

MANY = 64
MOST_RESIDENT_KB = 300 * 1024


def with_limit(trial, *, option: str, value: str) -> None:
    """Let one worker, with that limit of the shell, do all the work."""
    trial.installation.down("worker", "worker 2", "slow")
    limited = ("sh", "-c", f'ulimit {option} {value} && exec "$@"', "sh")
    for name in ("worker", "slow"):
        trial.installation.stack.start(name, through=limited)


@pytest.mark.fault(36)
def test_a_worker_without_files_survives_and_loses_nothing(trial):
    with_limit(trial, option="-n", value="64")
    for _ in range(MANY):
        trial.listen("/takes/300")
    worker = trial.installation.stack.processes["worker"]
    trial.generator.some(4)

    trial.holds(duplicates=4 * MANY, seconds=60)
    assert worker.poll() is None
    trial.installation.down("worker", "slow")


@pytest.mark.fault(37)
def test_bodies_without_end_fill_no_memory(trial):
    with_limit(trial, option="-v", value=str(3 * 1024 * 1024))
    for _ in range(MANY // 2):
        trial.listen("/flood")
        trial.listen("/first/drip")
    worker = trial.installation.stack.processes["worker"]
    trial.generator.some(2)

    trial.holds(duplicates=4 * MANY, seconds=120)
    assert worker.poll() is None
    assert most_resident_kb(worker.pid) < MOST_RESIDENT_KB
    trial.installation.down("worker", "slow")


def most_resident_kb(pid: int) -> int:
    """The most memory that the process has held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.mark.fault(28)
def test_an_event_that_kills_each_worker_fails_and_its_neighbours_arrive(trial):
    """The killer here is the receiver's side: whoever sends to it is killed while it waits for the answer."""
    trial.installation.down("worker 2", "slow")
    poison = trial.listen("/hang", retry_schedule="1s,1s,1s,1s,1s,1s")
    trial.listen()
    trial.generator.some(1)
    until = time.monotonic() + 240
    while not trial.is_drained() and time.monotonic() < until:
        if kill_who_sends_to(trial, poison.id):
            trial.kills += 1
        trial.installation.revive(wait_for_web=False)
        time.sleep(0.1)

    trial.holds(ends=("delivered", "failed"), duplicates=8)
    with trial.engine.readings() as session:
        [row] = session.scalars(sa.select(Delivery).where(Delivery.listener_id == poison.id))
    assert (row.status, row.reason) == ("failed", "Stopped after 3 worker crashes.")
    assert 3 <= trial.kills <= 4 + 2  # once in company, three times alone


def kill_who_sends_to(trial, listener_id: str) -> bool:
    """kill -9 for the worker that holds the lease of this listener's delivery, once it has sent."""
    query = sa.select(Delivery.lease_owner, Delivery.attempt_count).where(
        Delivery.listener_id == listener_id, Delivery.status == "sending"
    )
    with trial.engine.readings() as session:
        found = session.execute(query).first()
    if found is None or sum(one["path"].startswith("/hang") for one in trial.arrivals()) <= found[1]:
        return False
    pid = int(found[0].rpartition("-")[2])
    names = [name for name, one in trial.installation.stack.processes.items() if one.pid == pid]
    if not names or names[0] in ("clock", "clock 2"):
        return False
    process = trial.installation.stack.processes[names[0]]
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: process.poll() is not None, what="its end")
    return True
