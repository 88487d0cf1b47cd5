"""Can somebody who writes to Redis hold deliveries up for longer than until the sweep? Row 78 of the security plan.

Each test puts something there, as its writer would, and then has a worker deliver what is honest.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
import uuid
import zlib

import pytest
import sqlalchemy as sa

from tests import factories
from tests.patience import wait_until
from webhooks_app.engine.queue_facts import DELIVERIES
from webhooks_app.runtime.rq_job import DELIVER, DISPATCH, MOST_BYTES
from webhooks_app.runtime.rq_keys import KEYS
from webhooks_app.runtime.worker import _worker, run_worker
from webhooks_app.storage.models import Delivery

pytestmark = pytest.mark.deep

QUEUE = f"rq:queue:{DELIVERIES}"
HONEST = {
    "created_at": "2026-11-30T11:00:00.000000Z",
    "data": zlib.compress(json.dumps([DISPATCH, None, [], {}]).encode()),
    "origin": DELIVERIES,
    "status": "queued",
    "timeout": "60",
}


@pytest.fixture
def put(connection):
    """Put a job into the queue that is honest but for these fields; gives its id."""

    def write(**fields):
        job_id = str(uuid.uuid4())
        connection.hset(f"rq:job:{job_id}", mapping={**HONEST, **fields})
        connection.rpush(QUEUE, job_id)
        return job_id

    return write


@pytest.fixture
def work(working_engine, own_signals):
    """Have a worker work everything off, with an honest delivery among it; says whether that one arrived."""

    def works():
        delivery_id = factories.make_delivery(working_engine).id
        run_worker(working_engine, burst=True)
        return status_of(working_engine, delivery_id) == "delivered"

    return works


def status_of(engine, delivery_id):
    with engine.sessions() as session:
        return session.scalar(sa.select(Delivery.status).where(Delivery.id == delivery_id))


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_wrong_type_is_deleted_and_said(connection, work, caplog, key):
    connection.set(key, "x")

    assert work()
    assert connection.type(key) != b"string"
    assert f"In Redis {key} was a string and not a {KEYS[key].decode()}" in caplog.text


def test_a_string_where_rights_are_tried_stops_no_worker(connection, work):
    connection.set("webhooks:nothing", "x")

    assert work()


def test_keys_that_rq_made_itself_stay(connection, work, caplog):
    assert work()
    assert work()
    assert connection.exists("rq:queues")
    assert "was deleted" not in caplog.text


def test_a_key_that_is_spoilt_under_a_worker_is_mended_by_it(working_engine, connection, own_signals):
    delivery_id = factories.make_delivery(working_engine).id

    def spoil() -> None:
        wait_until(lambda: connection.scard("rq:workers") == 1, what="a worker")
        for key in (f"rq:wip:{DELIVERIES}", "rq:workers"):
            connection.delete(key)
            connection.set(key, "x")
        working_engine.queue.ring(again=True)  # the job that meets it is lost
        wait_until(lambda: connection.type(f"rq:wip:{DELIVERIES}") != b"string", seconds=30)
        working_engine.queue.push([[delivery_id]])
        wait_until(lambda: status_of(working_engine, delivery_id) == "delivered", seconds=30)
        os.kill(os.getpid(), signal.SIGTERM)

    spoiling = threading.Thread(target=spoil)
    spoiling.start()
    run_worker(working_engine)
    spoiling.join()

    assert status_of(working_engine, delivery_id) == "delivered"


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": "garbage"},
        {"created_at": b"\xff\xfe"},
        {"enqueued_at": "2026"},
        {"timeout": "zzz"},
        {"status": "flying"},
        {"result_ttl": "1e9"},
        {"timeout": "9" * 30},
        {"failure_ttl": "9" * 30, "data": zlib.compress(b'["os.system"]')},
        {"result_ttl": "9" * 30},
        {"origin": b"\xff"},
        {"worker_name": b"\xff"},
        {"data": b"\xff\xff garbage"},
        {"data": b""},
        {"data": zlib.compress(b"[" * 100_000)},
        {"data": zlib.compress(b'["' + b"x" * MOST_BYTES + b'"]')},
        {"data": zlib.compress(zlib.compress(b"[]"))},  # RQ would unpack the second too
        {"data": json.dumps([DELIVER, None, [None], {"no": "such"}])},  # readable, and wrong
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_job_that_cannot_be_read_is_passed_over_by_a_worker_that_goes_on(
    connection, put, work, caplog, fields
):
    put(**fields)

    assert work()
    assert connection.llen(QUEUE) == 0
    assert "found an unhandled exception" not in caplog.text


def test_a_job_that_cannot_be_read_is_told(put, work, caplog):
    job_id = put(created_at="garbage")

    assert work()
    assert f"A job in Redis cannot be read, and is passed over: {job_id} (ValueError)." in caplog.text


def test_a_job_that_is_no_hash_is_passed_over(connection, work, caplog):
    job_id = str(uuid.uuid4())
    connection.set(f"rq:job:{job_id}", "x")
    connection.rpush(QUEUE, job_id)

    assert work()
    assert f"A job in Redis cannot be read, and is passed over: {job_id} (ResponseError)." in caplog.text


@pytest.mark.parametrize("job_id", [b"\xff\xfe", b"x" * 100_000, b"", b"../x", b"a:b", b"a\nb"])
def test_an_id_that_no_job_has_is_passed_over(connection, work, caplog, job_id):
    connection.rpush(QUEUE, job_id)

    assert work()
    assert connection.llen(f"{QUEUE}:intermediate") == 0
    assert "found an unhandled exception" not in caplog.text
    assert "An id in Redis is none of a job" in caplog.text


def test_a_job_that_unpacks_to_much_costs_no_memory(put, work):
    put(data=zlib.compress(b"0" * 200_000_000))
    put(exc_info=zlib.compress(b"0" * 200_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert work()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


def test_a_job_is_not_repeated_because_somebody_wrote_so(connection, put, work):
    put(repeats_left="1000000", repeat_intervals="[0]", retries_left="1000000", retry_intervals="[0]")

    assert work()
    assert connection.llen(QUEUE) == 0


@pytest.mark.parametrize("entry", ["a:b:c", b"\xff"])
def test_books_that_cannot_be_tidied_do_not_end_the_worker(connection, put, work, caplog, entry):
    connection.zadd(f"rq:wip:{DELIVERIES}", {entry: 1, f"{put(created_at='garbage')}:execution": 1})
    connection.rpush(f"{QUEUE}:intermediate", entry)

    assert work()
    assert "found an unhandled exception" not in caplog.text


def test_nobody_pauses_or_stops_a_worker_by_redis(connection, work):
    connection.set("rq:suspended", "1")
    worker = _worker(connection, DELIVERIES)

    worker.handle_payload({"data": json.dumps({"command": "shutdown"})})

    assert work()
