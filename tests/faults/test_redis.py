"""What if Redis is wiped, gone, silent, full, or loses and doubles jobs? It carries bells and ids, and no promise."""

from __future__ import annotations

import subprocess
import time

import pytest
import sqlalchemy as sa

from tests.faults import slowness
from tests.faults.generator import Generator
from tests.patience import wait_until
from webhooks_app.storage.models import Delivery

REPAIRED_SECONDS = 5.0  # the sweep's, once the dependency is there again


@pytest.mark.fault(11)
def test_a_redis_that_is_wiped_again_and_again_loses_nothing(trial, is_thorough):
    trial.listen()
    trial.listen("/takes/100")
    with trial.generator.load(per_second=20), trial.installation.clean_redis() as client:
        for _ in range(10 if is_thorough else 4):
            time.sleep(2)
            client.flushall()

    trial.holds(duplicates=0)


@pytest.mark.fault(12)
def test_a_redis_that_is_killed_and_comes_back_empty_loses_nothing(trial):
    trial.listen()
    workers = [trial.installation.stack.processes[name] for name in ("worker", "worker 2", "slow")]
    with trial.generator.load(per_second=20):
        time.sleep(1)
        trial.installation.kill("redis")
        time.sleep(6)
        trial.installation.stack.start_redis()
        with trial.installation.clean_redis() as client:
            client.flushall()
        time.sleep(2)

    trial.holds(duplicates=0)
    # Once it is there again, the workers have found it, or were started anew by whoever supervises them.
    again = Generator(trial.installation, trial.hook)
    trial.installation.revive()
    assert again.by_api() == 202
    trial.generator.committed += again.committed
    trial.holds(duplicates=0)
    assert [worker.poll() for worker in workers].count(None) >= 2


@pytest.mark.fault(13)
def test_a_silent_redis_slows_publishing_by_half_a_second_and_stops_no_delivery(trial, is_thorough):
    trial.listen()
    trial.generator.some(6)
    quiet = max(trial.generator.seconds)
    trial.generator.seconds.clear()
    trial.installation.redis.go_silent()
    until = time.monotonic() + (60 if is_thorough else 8)
    while time.monotonic() < until:
        trial.generator.some(2)
        time.sleep(0.5)

    # While it is still silent: the clock delivers by itself, slowly.
    wait_until(lambda: "delivered" in trial.statuses()[6:], seconds=120, what="a delivery without Redis")
    trial.wait_for_arrivals(7)
    calls = sorted(trial.generator.seconds)
    assert calls[int(len(calls) * 0.99)] < quiet + 1.0 * slowness()
    trial.installation.redis.let_pass()
    trial.holds(duplicates=0)


@pytest.mark.fault(13)
def test_with_redis_away_for_good_everything_is_delivered_slowly(trial):
    trial.listen()
    trial.listen("/first/status/500")
    trial.installation.redis.refuse()
    trial.generator.some(30)

    trial.holds(duplicates=0, seconds=60)  # it is still away
    trial.installation.redis.let_pass()


@pytest.mark.fault(14)
@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
def test_a_full_redis_loses_nothing(trial, policy):
    trial.listen()
    with trial.installation.clean_redis() as client:
        client.config_set("maxmemory-policy", policy)
        with trial.generator.load(per_second=20):
            time.sleep(1)
            client.config_set("maxmemory", "1mb" if policy == "allkeys-lru" else "1")
            time.sleep(4)
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")

    trial.holds(duplicates=0)


@pytest.mark.fault(14)
def test_jobs_that_are_lost_or_run_twice_do_no_harm(trial):
    trial.listen()
    trial.listen("/takes/50")
    queue = trial.engine.queue
    with trial.generator.load(per_second=20), trial.installation.clean_redis() as client:
        for _ in range(8):
            time.sleep(0.4)
            with trial.engine.readings() as session:
                ids = list(session.scalars(sa.select(Delivery.id).where(Delivery.hook == trial.hook)))
            if ids:
                queue.push([ids[-50:], ids[-50:]])
            client.rpop("rq:queue:deliveries", 2)

    trial.holds(duplicates=0)


@pytest.mark.fault(14)
def test_the_sweep_repairs_soon_after_redis_is_there_again(trial):
    trial.listen()
    for name in ("clock", "clock 2"):  # so that nothing is delivered without it
        trial.installation.kill(name)
    trial.installation.redis.refuse()
    trial.generator.some(20)
    trial.installation.revive()
    began = time.monotonic()
    wait_until(trial.is_drained, seconds=120, what="the repair")

    assert time.monotonic() - began < REPAIRED_SECONDS * slowness()
    trial.holds(duplicates=0)


@pytest.mark.fault(15)
def test_a_worker_refuses_a_redis_that_keeps_its_facts_from_it(trial):
    with trial.installation.clean_redis() as client:
        client.acl_setuser("curtailed", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"])
    url = trial.installation.stack.environ["REDIS_URL"].replace("redis://", "redis://curtailed:x@")
    worker = trial.installation.stack.start("worker 4", REDIS_URL=url)

    status = worker.wait(90)
    said = trial.installation.stack.log("worker 4")
    assert status == 1  # "refused" on every command of ours; 2 is a wrong usage
    assert "info" in said.lower()
    assert "Traceback" not in said


@pytest.mark.fault(15)
def test_a_worker_takes_one_queue_and_no_more(trial):
    worker = trial.installation.stack.start("worker 4")
    trial.installation.stack.end("worker 4", seconds=60)
    command = [*worker.args, "--queue", "deliveries,slow"]  # type: ignore[misc]
    done = subprocess.run(command, env=trial.installation.stack.environ, capture_output=True, timeout=60)

    assert done.returncode == 2
