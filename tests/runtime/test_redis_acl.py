"""Do the users of `deploy/redis-users.acl` suffice for the web and a worker, and for nothing more?"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_limiter import Limiter
from redis import Redis
from redis.exceptions import NoPermissionError
from rq import Worker

from tests import factories
from tests.patience import wait_until
from webhooks_app.engine.queue_facts import DELIVERIES, SLOW
from webhooks_app.runtime.redis_client import patient_client, quick_client
from webhooks_app.runtime.rq_queue import RqQueue
from webhooks_app.runtime.worker import CannotWork, _worker, check_server, run_worker
from webhooks_app.storage.models import Delivery

pytestmark = pytest.mark.deep
ACL = Path(__file__).resolve().parents[2] / "deploy" / "redis-users.acl"
USERS = {line.split()[1]: line.split()[2:] for line in ACL.read_text("utf-8").splitlines()}


@pytest.fixture
def url_of(connection, redis_url):
    """The address of this Redis as a user of the file; the test fails for whatever one of them was refused."""
    names = [name for name in USERS if name != "default"]
    for name in names:
        rules = [">secret" if rule.startswith(">") else rule for rule in USERS[name]]
        connection.execute_command("ACL", "SETUSER", name, "reset", *rules)
    connection.execute_command("ACL", "LOG", "RESET")
    yield lambda name: f"{redis_url}?username={name}&password=secret"
    connection.execute_command("ACL", "DELUSER", *names)


@pytest.fixture
def refused(connection):
    """What Redis refused somebody until now."""
    return lambda: [(one["username"], one["object"]) for one in connection.acl_log()]


@pytest.fixture
def worker_engine(working_engine, url_of):
    """The engine of a worker that is no more than its user."""
    url = url_of("webhooks-worker")
    settings = replace(working_engine.settings, redis_url=url)
    with quick_client(url) as client:
        yield replace(working_engine, settings=settings, queue=RqQueue(client))


def statuses(engine) -> list[str]:
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Delivery.status)))


def test_the_web_can_do_all_that_it_does(connection, url_of, refused):
    Worker([DELIVERIES], connection=connection).register_birth()
    with quick_client(url_of("webhooks-web")) as client:
        queue = RqQueue(client)
        queue.ring()
        queue.answer()
        queue.push([["a"], ["b"]])
        queue.push([["c"]], slow=True)
        queue.try_out()
        queue.mark()

        assert (queue.length(), queue.length(slow=True), queue.was_wiped()) == (3, 1, False)
        assert [one.queue for one in queue.workers()] == [DELIVERIES]
        assert queue.server().version != "unknown"
    assert refused() == []


def test_the_throttle_of_the_sign_in_can_count(url_of, refused):
    app = Flask(__name__)
    with quick_client(url_of("webhooks-web")) as client:
        options = {"connection_pool": client.connection_pool}
        app.config.update(RATELIMIT_STORAGE_URI="redis://", RATELIMIT_STORAGE_OPTIONS=options)
        limiter = Limiter(lambda: "somebody", app=app, headers_enabled=True)
        app.add_url_rule("/", "show", limiter.limit("2 per minute")(lambda: "shown"))
        answers = [app.test_client().get("/").status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert refused() == []


def test_a_worker_with_the_rights_of_the_web_says_what_it_needs(worker_engine, url_of):
    settings = replace(worker_engine.settings, redis_url=url_of("webhooks-web"))

    with pytest.raises(CannotWork, match=r"webhooks-worker .* deploy/redis-users\.acl"):
        run_worker(replace(worker_engine, settings=settings))


@pytest.mark.usefixtures("own_signals")
def test_a_worker_delivers_fails_tidies_and_stops(worker_engine, connection, url_of, refused):
    first, second = (factories.make_delivery(worker_engine).id for _ in range(2))
    worker_engine.queue.push([[first]])
    connection.rpush(f"rq:queue:{DELIVERIES}", "an id without a job")

    def stop_once_delivered():
        try:
            with quick_client(url_of("webhooks-web")) as client:
                RqQueue(client)._queues[DELIVERIES].enqueue("os.system", "true")  # what fails is recorded too
                RqQueue(client).push([[second]])
            wait_until(lambda: statuses(worker_engine) == ["delivered"] * 2, seconds=30)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with patient_client(worker_engine.settings.redis_url) as client:
        check_server(client)
        _worker(client, SLOW).run_maintenance_tasks()
    stopping = threading.Timer(1.0, stop_once_delivered)
    stopping.start()
    run_worker(worker_engine)
    stopping.join()

    assert statuses(worker_engine) == ["delivered"] * 2
    assert refused() == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("webhooks-web", ("BLMOVE", "rq:queue:deliveries", "rq:x", "LEFT", "RIGHT", 1)),  # only workers take jobs
        ("webhooks-web", ("SUBSCRIBE", "rq:pubsub:w1")),
        ("webhooks-web", ("PUBLISH", "rq:pubsub:w1", '{"command": "shutdown"}')),
        ("webhooks-web", ("EVAL", "return 1", 0)),
        *((name, command) for name in ("webhooks-web", "webhooks-worker") for command in (
            ("GET", "another:key"),
            ("SET", "another:key", "1"),
            ("KEYS", "*"),
            ("SCAN", 0),
            ("FLUSHALL",),
            ("CONFIG", "GET", "requirepass"),
            ("CONFIG", "SET", "dir", "/tmp"),
            ("SHUTDOWN", "NOSAVE"),
            ("MODULE", "LIST"),
            ("REPLICAOF", "10.0.0.5", 6379),
            ("ACL", "LIST"),
            ("CLIENT", "KILL", "TYPE", "normal"),
            ("MONITOR",),
        )),
    ],
    ids=str,
)  # fmt: skip
def test_whatever_else_is_refused(url_of, name, command):
    with Redis.from_url(url_of(name)) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)


def test_nobody_enters_without_a_name():
    assert USERS["default"] == ["off"]
    assert all("on" in rules for name, rules in USERS.items() if name != "default")
