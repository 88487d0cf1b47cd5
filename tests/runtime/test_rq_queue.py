"""Does the bell ring once, is the belt kept in order, and is a Redis that is away told of in our words?"""

from __future__ import annotations

import json
import socket
import time

import pytest
from redis.exceptions import ResponseError

from tests import factories
from tests.bench.counted import counted_client, packets_of
from tests.patience import SOON, wait_until
from webhooks_app.engine import QueueUnreachable
from webhooks_app.engine.queue_facts import DELIVERIES, SLOW
from webhooks_app.engine.signing import new_secret
from webhooks_app.runtime.redis_client import quick_client
from webhooks_app.runtime.rq_queue import (
    EPOCH,
    JOB_TIMEOUT_SECONDS,
    KICK,
    KICK_SECONDS,
    SILENT_SECONDS,
    RqQueue,
    open_queue,
)


@pytest.fixture
def jobs_in(connection):
    """What a queue holds: function and arguments, first job first."""

    def read(name=DELIVERIES):
        return [(job.func_name.rpartition(".")[2], job.kwargs) for job in open_queue(name, connection).jobs]

    return read


def test_many_rings_are_one_job_until_it_is_answered(rq_queue, jobs_in):
    for _ in range(100):
        rq_queue.ring()
    assert jobs_in() == [("dispatch", {})]

    rq_queue.answer()
    rq_queue.ring()
    assert len(jobs_in()) == 2


def test_a_ring_again_rings_even_so(rq_queue, jobs_in):
    rq_queue.ring()
    rq_queue.ring(again=True)

    assert len(jobs_in()) == 2


def test_a_ring_whose_job_was_lost_blocks_the_next_ones_only_for_a_while(rq_queue, connection):
    rq_queue.ring()

    assert 0 < connection.ttl(KICK) <= KICK_SECONDS


def test_a_dispatch_waits_its_turn_so_that_a_stream_of_events_does_not_starve_deliveries(rq_queue, jobs_in):
    rq_queue.push([["a"], ["b"]])
    rq_queue.ring()

    assert [name for name, _ in jobs_in()] == ["deliver", "deliver", "dispatch"]


def test_batches_travel_in_order_to_their_queue(rq_queue, jobs_in):
    rq_queue.push([["a", "b"], ["c"]])
    rq_queue.push([["d"]], slow=True)
    rq_queue.push([])

    assert jobs_in() == [
        ("deliver", {"delivery_ids": ["a", "b"], "slow": False}),
        ("deliver", {"delivery_ids": ["c"], "slow": False}),
    ]
    assert jobs_in(SLOW) == [("deliver", {"delivery_ids": ["d"], "slow": True})]
    assert (rq_queue.length(), rq_queue.length(slow=True)) == (2, 1)


def test_jobs_are_json_without_callbacks_and_leave_no_result(rq_queue, connection):
    rq_queue.push([["a"]])
    [job] = open_queue(DELIVERIES, connection).jobs

    assert json.loads(job.data)[0] == "webhooks_app.jobs.deliver"
    assert (job.timeout, job.result_ttl) == (JOB_TIMEOUT_SECONDS, 0)
    assert not (job.success_callback or job.failure_callback or job.stopped_callback)


def test_a_wiped_redis_is_noticed_until_it_is_marked(rq_queue, connection):
    assert rq_queue.was_wiped() and rq_queue.was_wiped()  # a fresh one counts too
    rq_queue.mark()
    assert not rq_queue.was_wiped()

    assert connection.ttl(EPOCH) == -1  # it never expires by itself

    connection.flushall()
    assert rq_queue.was_wiped()


def test_a_job_that_cannot_be_queued_takes_its_flag_back(redis_url, connection):
    """Redis refuses what needs memory when it is full; the flag alone would silence the next rings."""

    class Full(RqQueue):
        def __init__(self, client):
            super().__init__(client)
            self._queues[DELIVERIES].enqueue = self.refuse

        def refuse(self, *_, **__):
            raise ResponseError("OOM command not allowed when used memory > 'maxmemory'.")

    with pytest.raises(QueueUnreachable, match="OOM"):
        Full(quick_client(redis_url)).ring()
    assert not connection.exists(KICK)


CALLS = {
    "ring": lambda queue: queue.ring(),
    "answer": lambda queue: queue.answer(),
    "push": lambda queue: queue.push([["a"]]),
    "length": lambda queue: queue.length(),
    "was_wiped": lambda queue: queue.was_wiped(),
    "mark": lambda queue: queue.mark(),
    "workers": lambda queue: queue.workers(),
    "server": lambda queue: queue.server(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_redis_every_call_says_so_at_once(call):
    began = time.monotonic()
    with pytest.raises(QueueUnreachable):
        call(RqQueue(quick_client("unix:///nowhere/redis.sock")))

    assert time.monotonic() - began < SOON


def test_a_silent_redis_holds_a_caller_up_for_half_a_second():
    with socket.create_server(("127.0.0.1", 0)) as server:
        queue = RqQueue(quick_client(f"redis://127.0.0.1:{server.getsockname()[1]}"))
        began = time.monotonic()
        with pytest.raises(QueueUnreachable):
            queue.ring()

    assert time.monotonic() - began < SOON


def test_a_silent_redis_is_waited_for_once_and_asked_again_a_moment_later():
    now = 100.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = quick_client(f"redis://127.0.0.1:{server.getsockname()[1]}")
        queue = RqQueue(client, clock=lambda: now)
        for call in CALLS.values():
            with pytest.raises(QueueUnreachable):
                call(queue)
        server.accept()[0].close()
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody asked a second time
            server.accept()

        now += SILENT_SECONDS
        with pytest.raises(QueueUnreachable):
            queue.ring()
        server.accept()[0].close()


def test_a_redis_that_is_back_is_rung_at_once(connection, redis_url, jobs_in):
    client = quick_client("unix:///nowhere/redis.sock")
    queue = RqQueue(client, clock=lambda: 100.0)
    with pytest.raises(QueueUnreachable):
        queue.ring()

    client.connection_pool = quick_client(redis_url).connection_pool
    queue.ring()

    assert jobs_in() == [("dispatch", {})]


def test_a_redis_that_hung_is_rung_again_when_the_moment_is_over(connection, rq_queue, jobs_in):
    rq_queue.fall_silent()
    with pytest.raises(QueueUnreachable, match="a moment ago"):
        rq_queue.ring()

    wait_until(lambda: not rq_queue.is_silent)
    rq_queue.ring()

    assert jobs_in() == [("dispatch", {})]


def test_a_ring_costs_one_round_trip_while_another_rings_and_at_most_three_else(redis_url):
    client = counted_client(redis_url)
    queue = RqQueue(client)

    trips = []
    queue.length()  # so that the connection is open
    for _ in range(2):
        before = packets_of(client)
        queue.ring()
        trips.append(packets_of(client) - before)

    assert trips[0] <= 3
    assert trips[1] == 1


def test_redis_holds_ids_and_nothing_that_anybody_would_want_to_read(working_engine, connection):
    secret = new_secret()
    listener = factories.make_listener(
        working_engine,
        url="https://hooks.example.com/in",
        headers={"x-key": "a-header-of-theirs"},
        secret=secret,
    )
    event = factories.make_event(working_engine, payload={"name": "Elaine Benes"})
    delivery = factories.make_delivery(working_engine, event=event, listener=listener)
    working_engine.queue.ring()
    working_engine.queue.push([[delivery.id]])

    dump = b" ".join(connection.dump(key) + key for key in connection.scan_iter())
    for job in open_queue(DELIVERIES, connection).jobs:
        dump += job.data + repr(job.to_dict()).encode()
    assert str(delivery.id).encode() in dump
    for private in ("Elaine", "hooks.example.com", "a-header-of-theirs", secret, listener.name):
        assert private.encode() not in dump
