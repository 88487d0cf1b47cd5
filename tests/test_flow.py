"""Does it all work together? Real Redis, worker, clock and receiver, each a process, on both databases.

They are started once for a database; a test that ends one of them starts it again.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis import Redis
from standardwebhooks.webhooks import Webhook

from tests.build import build_engine, settings_for
from tests.factories import make_listener
from tests.patience import PATIENCE, SOON, wait_until
from tests.stack import PROGRAMS, ROOT, Stack
from webhooks_app import Hook
from webhooks_app.engine import Engine
from webhooks_app.engine.publish import publish
from webhooks_app.engine.signing import new_secret
from webhooks_app.registry import Occurrence
from webhooks_app.runtime.worker import queue_of
from webhooks_app.storage.models import Attempt, Delivery, Lease, Listener

pytestmark = pytest.mark.flow

CLOCKS = ("clock", "clock 2")  # one is enough; the other must do no harm


@dataclass
class Installation:
    """The processes, an engine of the tests' own to publish with, and what the receiver noted."""

    stack: Stack
    engine: Engine
    receiver: str
    log: Path

    def listen(self, path: str, **columns) -> Listener:
        """A listener of a hook of its own."""
        hook = f"hook{time.monotonic_ns()}"
        return make_listener(self.engine, hook=hook, url=f"{self.receiver}{path}", **columns)

    def publish(self, listener: Listener, **payload) -> str:
        """Something happens that the listener hears of."""
        return publish(self.engine, Occurrence(Hook(name=listener.hook), payload, "tests"))

    def requests(self, listener: Listener) -> list[dict]:
        """What its receiver got."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [one for one in map(json.loads, lines) if one["headers"]["webhook-hook"] == listener.hook]

    def statuses(self, listener: Listener) -> list[str]:
        query = sa.select(Delivery.status).where(Delivery.listener_id == listener.id)
        with self.engine.sessions() as session:
            return list(session.scalars(query))

    def attempts(self, listener: Listener) -> list[Attempt]:
        query = (
            sa.select(Attempt)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .where(Delivery.listener_id == listener.id)
            .order_by(Attempt.number)
        )
        with self.engine.sessions() as session:
            return list(session.scalars(query))

    def wait_for(self, listener: Listener, *statuses: str, seconds: float = PATIENCE) -> None:
        """Until its deliveries stand like this."""
        wait_until(lambda: self.statuses(listener) == list(statuses), seconds=seconds, what=f"{statuses}")

    def let_leases_end(self, listener: Listener) -> None:
        """As time would. With short leases a pause of the machine would be taken for a dead worker."""
        sending = sa.update(Delivery).where(Delivery.listener_id == listener.id, Delivery.status == "sending")
        with self.engine.sessions.begin() as session:
            session.execute(sending.values(lease_until=self.engine.clock() - timedelta(seconds=1)))

    def start_worker(self, **environ: str) -> subprocess.Popen[bytes]:
        """A worker that has told Redis that it is there, and so handles signals."""
        worker = self.stack.start("worker", **environ)
        wait_until(lambda: worker.pid in {one.pid for one in self.engine.queue.workers()}, what="the worker")
        return worker

    def start_what_ended(self) -> None:
        """All processes run again."""
        if not self.runs("redis"):
            self.stack.start_redis()
        for name in CLOCKS:
            if not self.runs(name):
                self.start_clock(name)
        if not self.runs("worker"):
            self.start_worker()

    def runs(self, name: str) -> bool:
        process = self.stack.processes.get(name)
        return process is not None and process.poll() is None

    def start_clock(self, name: str) -> None:
        self.stack._start(name, (sys.executable, *PROGRAMS["clock"]))


@pytest.fixture(scope="module")
def installed(database_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flow")
    stack = Stack(folder, database_url=database_url, WEBHOOKS_TESTING="1")
    receiver = subprocess.Popen(
        [sys.executable, "-m", "tests.flow_receiver", str(folder / "requests")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        stack.migrate()
        port = int(receiver.stdout.readline())
        settings = settings_for(folder, **{
            name: stack.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "WEBHOOKS_ENCRYPTION_KEYS")
        })  # fmt: skip
        parts = {"queue": queue_of(stack.redis.url), "clock": lambda: datetime.now(UTC), "settings": settings}
        with build_engine(settings.database_url, folder=folder, **parts) as engine:
            installed = Installation(stack, engine, f"http://127.0.0.1:{port}", folder / "requests")
            installed.start_what_ended()
            yield installed
    finally:
        stack.stop()
        receiver.terminate()
        receiver.wait(PATIENCE)
        receiver.stdout.close()


@pytest.fixture
def installation(installed):
    """With all its processes: what a test has ended is started again, also where it has failed."""
    yield installed
    installed.start_what_ended()


def test_what_is_published_arrives_and_its_signature_verifies(installation):
    secret = new_secret()
    listener = installation.listen("/", secret=secret)
    event_id = installation.publish(listener, name="José", n=[1, None])
    installation.wait_for(listener, "delivered")

    [request] = installation.requests(listener)
    assert Webhook(secret).verify(request["body"], request["headers"]) == {"name": "José", "n": [1, None]}
    assert request["headers"]["webhook-id"] == event_id
    [attempt] = installation.attempts(listener)
    assert (attempt.number, attempt.status_code, attempt.ip) == (1, 200, "127.0.0.1")


def test_a_receiver_that_fails_first_gets_it_again(installation):
    listener = installation.listen("/answers/500/200", retry_schedule="1s")
    installation.publish(listener, name="Joe")
    installation.wait_for(listener, "delivered")

    first, second = installation.requests(listener)
    assert first["headers"]["webhook-id"] == second["headers"]["webhook-id"]
    assert (first["headers"]["webhook-attempt"], second["headers"]["webhook-attempt"]) == ("1", "2")
    assert first["body"] == second["body"]
    assert [attempt.status_code for attempt in installation.attempts(listener)] == [500, 200]


def test_a_wiped_redis_loses_nothing(installation):
    worker = installation.stack.processes["worker"]
    listener = installation.listen("/")
    worker.send_signal(signal.SIGSTOP)
    try:
        for number in range(5):
            installation.publish(listener, n=number)
        with Redis.from_url(installation.stack.redis.url) as client:
            client.flushall()
    finally:
        worker.send_signal(signal.SIGCONT)

    installation.wait_for(listener, *["delivered"] * 5)
    assert Counter(one["body"] for one in installation.requests(listener)) == {
        f'{{"n":{number}}}': 1 for number in range(5)
    }


def test_a_worker_killed_between_claim_and_record_loses_nothing(installation):
    stack, listener = installation.stack, installation.listen("/killed")
    stack.end("worker")
    doomed = installation.start_worker(WEBHOOKS_FAILPOINTS="send.after_response=kill@1")
    try:
        installation.publish(listener, name="Joe")
        assert doomed.wait(PATIENCE) == -signal.SIGKILL
    finally:
        doomed.kill()
        doomed.wait()
    installation.let_leases_end(listener)
    installation.start_worker()

    installation.wait_for(listener, "delivered")
    lost, again = installation.attempts(listener)
    assert (lost.error_class, lost.status_code) == ("worker_lost", None)
    assert (again.error_class, again.status_code) == (None, 200)
    assert lost.worker != again.worker
    assert len({one["headers"]["webhook-id"] for one in installation.requests(listener)}) == 1
    assert len(installation.requests(listener)) == 2  # which the receiver can tell by the id


def test_without_redis_publishing_goes_on_and_the_clock_delivers(installation):
    stack, listener = installation.stack, installation.listen("/")
    stack.end("redis", how=signal.SIGKILL)
    began = time.monotonic()
    installation.publish(listener, name="Joe")
    assert time.monotonic() - began < SOON

    installation.wait_for(listener, "delivered")
    stack.start_redis()
    # And the worker finds Redis again: it asks after 1, 2, 4 … seconds, so up to twice the time that it was away.
    after = installation.listen("/")
    installation.publish(after, name="Jim")
    installation.wait_for(after, "delivered", seconds=3 * PATIENCE)
    assert stack.processes["worker"].poll() is None


def test_sigterm_lets_a_worker_finish_what_is_in_flight(installation):
    stack, listener = installation.stack, installation.listen("/takes/700")
    installation.publish(listener, name="Joe")
    wait_until(lambda: installation.requests(listener), what="the request")
    began = time.monotonic()
    assert stack.end("worker") == 0

    assert time.monotonic() - began < PATIENCE / 2  # it drains for no longer than it needs
    assert installation.statuses(listener) == ["delivered"]
    assert [attempt.error_class for attempt in installation.attempts(listener)] == [None]


def test_two_clocks_do_no_harm_and_one_follows_the_other(installation):
    stack = installation.stack
    listener = installation.listen("/answers/500/500/500/500/500/200", retry_schedule="1s")
    for number in range(5):
        installation.publish(listener, n=number)
    installation.wait_for(listener, *["delivered"] * 5)
    assert len(installation.attempts(listener)) == len(installation.requests(listener)) == 10

    clocks = {str(stack.processes[name].pid): name for name in CLOCKS}
    leader = pid_of_leader(installation)
    stack.end(clocks.pop(leader), how=signal.SIGKILL)
    wait_until(lambda: pid_of_leader(installation) in clocks, what="the other clock")


def pid_of_leader(installation) -> str:
    with installation.engine.sessions() as session:
        return session.scalars(sa.select(Lease.owner).where(Lease.name == "clock")).one().rpartition("-")[2]
