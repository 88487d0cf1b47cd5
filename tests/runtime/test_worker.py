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
from tests.patience import PATIENCE, SOON, wait_until
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
def once_it_waits(connection):
    """Do something when the worker waits for a job, and send this process SIGTERM, as a supervisor does.

    Sent before RQ handles it, the signal would end the tests.
    """
    over, threads = threading.Event(), []

    def waits_for_a_job():
        return any("b" in client["flags"] for client in connection.client_list())

    def watch(act):
        while not over.wait(0.02):
            if waits_for_a_job():
                try:
                    act()
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                return

    def arrange(act=lambda: None):
        threads.append(threading.Thread(target=watch, args=(act,)))
        threads[-1].start()

    yield arrange
    over.set()
    for thread in threads:
        thread.join()


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

    asked = []

    def slowly(_message):
        if not asked:
            asked.append(os.kill(os.getpid(), signal.SIGTERM))
        wait_until(lambda: working_engine.stragglers.is_hurried)
        return answered(200)

    transport.will_do(slowly)
    listener = factories.make_listener(working_engine, sends_in_flight=1)
    ids = [factories.make_delivery(working_engine, listener=listener).id for _ in range(20)]
    working_engine.queue.push([[one] for one in ids])
    run_worker(working_engine, burst=True)

    assert 1 <= len(transport.sent) < 10
    assert set(statuses(working_engine)) == {"delivered", "pending"}


# A Redis that comes back


def test_a_worker_goes_on_once_its_redis_takes_jobs_again(working_engine, connection):
    delivery_id = factories.make_delivery(working_engine).id
    connection.config_set("maxmemory", 1)  # RQ gives up at the first command that is refused

    def come_back() -> None:
        connection.config_set("maxmemory", 0)
        working_engine.queue.push([[delivery_id]])
        wait_until(lambda: statuses(working_engine) == ["delivered"], seconds=30)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Timer(0.5, come_back).start()
    run_worker(working_engine)

    assert statuses(working_engine) == ["delivered"]


# Saying that it lives


def test_a_worker_is_listed_longer_than_it_waits_for_a_job(working_engine, connection, once_it_waits):
    """RQ would let a worker expire that idles after its first job: no heartbeat goes out while it waits."""
    factories.make_delivery(working_engine)
    working_engine.queue.ring()
    seen = []

    def look():
        [worker] = Worker.all(connection=connection)
        seen.append((worker.queue_names(), connection.ttl(worker.key), worker.dequeue_timeout))

    once_it_waits(look)
    run_worker(working_engine)

    [(queues, seconds_to_live, _)] = seen
    assert queues == [DELIVERIES]
    assert seconds_to_live > WORKER_TTL_SECONDS
    assert WORKER_TTL_SECONDS + 60 > JOB_TIMEOUT_SECONDS + 5
    assert Worker.all(connection=connection) == []  # it says goodbye


# Stopping


def test_a_worker_that_waits_stops_at_once(working_engine, once_it_waits):
    stopped_at = []
    once_it_waits(lambda: stopped_at.append(time.monotonic()))
    run_worker(working_engine)

    assert time.monotonic() - stopped_at[0] < SOON  # it would have waited for more than a minute


@pytest.mark.parametrize("queue", [DELIVERIES, SLOW])
def test_a_worker_that_sends_finishes_what_is_in_flight_and_gives_back_the_rest(
    working_engine, transport, queue
):
    began, may_end = threading.Event(), threading.Event()

    def hang(_message):
        began.set()
        may_end.wait(PATIENCE)
        return answered(200)

    transport.will_do(hang)
    listener = factories.make_listener(working_engine, sends_in_flight=1)
    now = working_engine.clock()
    ids = [factories.make_delivery(working_engine, listener=listener, queued_at=now).id for _ in range(3)]
    working_engine.queue.push([ids], slow=queue == SLOW)

    def stop():
        assert began.wait(PATIENCE)
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            wait_until(lambda: statuses(working_engine).count("pending") == 2)
            seen.extend(statuses(working_engine))
        finally:
            may_end.set()

    seen = []
    stopping = threading.Thread(target=stop)
    stopping.start()
    run_worker(working_engine, queue=queue)
    stopping.join()

    assert seen == ["sending", "pending", "pending"]  # at once, not only when the last send has ended
    assert statuses(working_engine) == ["delivered", "pending", "pending"]


def test_draining_lasts_as_long_as_any_listener_may_take(working_engine, once_it_waits):
    """Under `webhooks up` the supervisor ends the process before that, and the leases do the rest."""
    waits = []

    class Watched(type(working_engine.stragglers)):
        def drain(self, *, seconds):
            waits.append(seconds)

    once_it_waits()
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

    def lmove(self, *_lists):
        return None


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
        wait_for_server(FakeRedis(away, away, {"redis_version": "7.2.0"}), seconds=PATIENCE)

    assert caplog.text.count("The worker waits for it.") == 1


def test_a_server_that_never_comes_is_given_up():
    with pytest.raises(RedisAway):
        wait_for_server(FakeRedis(NotThere("Error 2 connecting.")), seconds=0.1)


def test_the_redis_of_these_tests_is_one_that_works(redis_url):
    with patient_client(redis_url) as connection:
        check_server(connection)
