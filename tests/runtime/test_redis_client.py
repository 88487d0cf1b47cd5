"""Is Redis reached as its URL says, and never waited for long?"""

from __future__ import annotations

import socket
import time

import pytest
from redis.exceptions import ConnectionError as NotThere
from redis.exceptions import TimeoutError as TooSlow
from redis.sentinel import SentinelConnectionPool

from tests.patience import SOON
from webhooks_app.engine.queue_facts import DELIVERIES
from webhooks_app.runtime.redis_client import PATIENT_SECONDS, SHORT_SECONDS, patient_client, quick_client
from webhooks_app.runtime.worker import RedisAway, _worker, check_server


def test_a_unix_socket_is_reached(redis_url):
    with quick_client(redis_url) as quick, patient_client(redis_url) as patient:
        assert quick.ping()
        assert patient.ping()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:7000/3", {"host": "127.0.0.1", "port": 7000, "db": 3}),
        ("redis://:p%40ss@127.0.0.1", {"password": "p@ss"}),
        ("rediss://user:pw@127.0.0.1:6380", {"username": "user", "password": "pw", "port": 6380}),
        ("unix:///tmp/r%20s.sock?db=2", {"path": "/tmp/r s.sock", "db": 2}),
    ],
)
def test_what_the_url_says_is_used(url, expected):
    found = quick_client(url).connection_pool.connection_kwargs

    assert {key: found[key] for key in expected} == expected
    assert found["socket_timeout"] == SHORT_SECONDS


def test_a_master_that_sentinel_knows():
    client = quick_client("redis+sentinel://:p%40ss@127.0.0.1:26380,127.0.0.2/orders/4")

    pool = client.connection_pool
    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "orders"
    assert pool.connection_kwargs["db"] == 4
    assert pool.connection_kwargs["password"] == "p@ss"
    places = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    assert [(place["host"], place["port"]) for place in places] == [
        ("127.0.0.1", 26380),
        ("127.0.0.2", 26379),
    ]


@pytest.mark.deep
def test_without_a_master_that_any_sentinel_knows_one_sentence_says_so():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # free again at the end of the block
    url = f"redis+sentinel://127.0.0.1:{port},127.0.0.1:{port}"
    with quick_client(url) as client, pytest.raises(RedisAway) as away:
        check_server(client)

    assert str(away.value) == (
        "Redis does not answer: No master found for 'mymaster' by any Sentinel of REDIS_URL"
    )


@pytest.fixture
def silent_port():
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_silent_redis_is_given_up_after_half_a_second(silent_port):
    began = time.monotonic()
    with quick_client(f"redis://127.0.0.1:{silent_port}") as client, pytest.raises(TooSlow):
        client.ping()

    assert 0.4 < time.monotonic() - began < SOON
    assert client.connection_pool.connection_kwargs["socket_timeout"] == 0.5


def test_a_redis_that_is_not_there_is_given_up_at_once():
    began = time.monotonic()
    with quick_client("unix:///nowhere/redis.sock") as client, pytest.raises(NotThere):
        client.ping()

    assert time.monotonic() - began < SOON
    assert client.get_retry().get_retries() == 0


def test_a_worker_waits_for_its_next_job_and_not_for_a_server_that_vanished(redis_url):
    found = patient_client("redis://127.0.0.1:7000").connection_pool.connection_kwargs
    assert found["socket_keepalive"]

    with patient_client(redis_url) as client:
        worker = _worker(client, DELIVERIES)
        assert (
            worker.dequeue_timeout
            < PATIENT_SECONDS
            == client.connection_pool.connection_kwargs["socket_timeout"]
        )
        assert client.blpop(["nothing"], timeout=0.1) is None
