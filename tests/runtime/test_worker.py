"""Does a worker work the queue off, say that it lives, and stop without losing anything?"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from redis.exceptions import ConnectionError as NotThere
from rq import Worker

from tests import factories
from tests.fakes import answered
from webhooks_app.engine.queue_facts import DELIVERIES, SLOW
from webhooks_app.runtime.redis_client import patient_client
from webhooks_app.runtime.rq_queue import JOB_TIMEOUT_SECONDS
from webhooks_app.runtime.worker import (
    WORKER_TTL_SECONDS,
    CannotWork,
    RedisAway,
    check_server,
    run_worker,
    wait_for_server,
)
from webhooks_app.storage.models import Delivery

pytestmark = pytest.mark.usefixtures("own_signals")


def statuses(engine) -> list[str]:
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Delivery.status).order_by(Delivery.id)))


@pytest.fixture
def stop_soon():
    """Send this process SIGTERM after some seconds, as a supervisor does."""

    def stop(seconds):
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()

    return stop


# Working off


def test_a_burst_takes_an_event_all_the_way(working_engine, transport):
    factories.make_listener(working_engine)
    factories.make_listener(working_engine)
    factories.make_event(working_engine)
    run_worker(working_engine, burst=True)

    assert len(transport.sent) == 2
    assert statuses(working_engine) == ["delivered", "delivered"]
    assert working_engine.queue.length() == 0


def test_a_burst_works_the_slow_queue_off_too(working_engine):
    delivery = factories.make_delivery(working_engine, queued_at=working_engine.clock())
    working_engine.queue.push([[delivery.id]], slow=True)
    run_worker(working_engine, burst=True)

    assert statuses(working_engine) == ["delivered"]


def test_a_burst_of_the_slow_queue_leaves_the_other_to_its_own_worker(working_engine):
    delivery = factories.make_delivery(working_engine, queued_at=working_engine.clock())
    working_engine.queue.mark()  # else the sweep would take it for lost
    working_engine.queue.push([[delivery.id]])
    run_worker(working_engine, queue=SLOW, burst=True)

    assert working_engine.queue.length() == 1


def test_a_burst_ends_although_something_is_due_later(working_engine, transport):
    transport.will_answer(500)
    factories.make_delivery(working_engine)
    run_worker(working_engine, burst=True)

    assert statuses(working_engine) == ["retrying"]


def test_a_burst_waits_for_what_is_in_flight(working_engine, transport):
    def slowly(_message):
        time.sleep(0.4)
        return answered(200)

    transport.will_do(slowly)
    factories.make_delivery(working_engine)
    run_worker(working_engine, burst=True)

    assert statuses(working_engine) == ["delivered"]


def test_a_burst_that_is_asked_to_stop_begins_nothing_more(working_engine, transport):
    """Between two jobs, and not only within one: each round makes a worker of its own."""

    def slowly(_message):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        return answered(200)

    transport.will_do(slowly)
    listener = factories.make_listener(working_engine, sends_in_flight=1)
    ids = [factories.make_delivery(working_engine, listener=listener).id for _ in range(20)]
    working_engine.queue.push([[one] for one in ids])
    run_worker(working_engine, burst=True)

    assert 1 <= len(transport.sent) < 10
    assert set(statuses(working_engine)) == {"delivered", "pending"}


# Saying that it lives


def test_a_worker_is_listed_longer_than_it_waits_for_a_job(working_engine, connection, stop_soon):
    """RQ would let a worker expire that idles after its first job: no heartbeat goes out while it waits."""
    factories.make_delivery(working_engine)
    working_engine.queue.ring()
    seen = []

    def look():
        [worker] = Worker.all(connection=connection)
        seen.append((worker.queue_names(), connection.ttl(worker.key), worker.dequeue_timeout))

    threading.Timer(0.4, look).start()
    stop_soon(0.6)
    run_worker(working_engine)

    [(queues, seconds_to_live, _)] = seen
    assert queues == [DELIVERIES]
    assert seconds_to_live > WORKER_TTL_SECONDS
    assert WORKER_TTL_SECONDS + 60 > JOB_TIMEOUT_SECONDS + 5
    assert Worker.all(connection=connection) == []  # it says goodbye


# Stopping


def test_a_worker_that_waits_stops_at_once(working_engine, stop_soon):
    began = time.monotonic()
    stop_soon(0.3)
    run_worker(working_engine)

    assert time.monotonic() - began < 2


@pytest.mark.parametrize("queue", [DELIVERIES, SLOW])
def test_a_worker_that_sends_finishes_what_is_in_flight_and_gives_back_the_rest(
    working_engine, transport, queue
):
    began, may_end = threading.Event(), threading.Event()

    def hang(_message):
        began.set()
        may_end.wait(5)
        return answered(200)

    transport.will_do(hang)
    listener = factories.make_listener(working_engine, sends_in_flight=1)
    now = working_engine.clock()
    ids = [factories.make_delivery(working_engine, listener=listener, queued_at=now).id for _ in range(3)]
    working_engine.queue.push([ids], slow=queue == SLOW)

    def stop():
        assert began.wait(5)
        os.kill(os.getpid(), signal.SIGTERM)
        until = time.monotonic() + 5
        while statuses(working_engine).count("pending") < 2 and time.monotonic() < until:
            time.sleep(0.02)
        seen.extend(statuses(working_engine))
        may_end.set()

    seen = []
    stopping = threading.Thread(target=stop)
    stopping.start()
    run_worker(working_engine, queue=queue)
    stopping.join()

    assert seen == ["sending", "pending", "pending"]  # at once, not only when the last send has ended
    assert statuses(working_engine) == ["delivered", "pending", "pending"]


def test_draining_lasts_as_long_as_any_listener_may_take(working_engine, stop_soon):
    """Under `webhooks up` the supervisor ends the process before that, and the leases do the rest."""
    waits = []

    class Watched(type(working_engine.stragglers)):
        def drain(self, *, seconds):
            waits.append(seconds)

    stop_soon(0.2)
    run_worker(replace(working_engine, stragglers=Watched()))

    assert waits == [65]  # the longest timeout that a listener may have, and five seconds


# The server


class FakeRedis:
    """Says this of itself."""

    def __init__(self, *says) -> None:
        self.says = list(says)

    def info(self, _section):
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said


@pytest.mark.parametrize("version", ["6.2.0", "6.2", "7.2.4", "9.1.2", "10.0"])
def test_a_server_that_is_new_enough(version):
    check_server(FakeRedis({"redis_version": version}))


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"redis_version": "6.0.16"}, "Redis 6.2 or newer is needed; this one says 6.0.16"),
        ({}, "its ACL lacks \\+info"),
        (NotThere("Error 2 connecting."), "Redis does not answer: Error 2 connecting"),
    ],
)
def test_a_server_that_rq_would_lose_jobs_on_is_refused(says, sentence):
    with pytest.raises(CannotWork, match=sentence):
        check_server(FakeRedis(says))


def test_a_server_that_starts_with_us_is_waited_for(caplog):
    away = NotThere("Error 2 connecting.")
    with caplog.at_level(logging.WARNING):
        wait_for_server(FakeRedis(away, away, {"redis_version": "7.2.0"}), seconds=5)

    assert caplog.text.count("The worker waits for it.") == 1


def test_a_server_that_never_comes_is_given_up():
    with pytest.raises(RedisAway):
        wait_for_server(FakeRedis(NotThere("Error 2 connecting.")), seconds=0.1)


def test_the_redis_of_these_tests_is_one_that_works(redis_url):
    with patient_client(redis_url) as connection:
        check_server(connection)
