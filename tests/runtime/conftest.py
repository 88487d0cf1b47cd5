"""A real Redis on a private unix socket, emptied for each test, and an engine whose queue stands on it."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.build import build_engine, settings_for
from tests.fakes import FakeTransport, FixedClock
from tests.patience import wait_until
from webhooks_app import jobs
from webhooks_app.engine import Engine
from webhooks_app.registry import HookRegistry
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.redis_client import quick_client
from webhooks_app.runtime.redis_server import own_redis
from webhooks_app.runtime.rq_queue import RqQueue


@pytest.fixture(scope="package")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis that these tests have to themselves."""
    server = own_redis(prepare(tmp_path_factory.mktemp("redis")))
    with subprocess.Popen(server.program.command, stdout=subprocess.DEVNULL) as process:
        try:
            with Redis.from_url(server.url) as client:
                wait_until(lambda: _pings(client), what="Redis")
            yield server.url
        finally:
            process.terminate()


@pytest.fixture
def connection(redis_url: str) -> Iterator[Redis]:
    """A client of that Redis, which is empty."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def rq_queue(connection: Redis, redis_url: str) -> RqQueue:
    """The engine's queue as in production."""
    return RqQueue(quick_client(redis_url))


@pytest.fixture
def working_engine(
    tmp_path: Path,
    empty_sqlite: Path,
    clock: FixedClock,
    transport: FakeTransport,
    hooks: HookRegistry,
    redis_url: str,
    rq_queue: RqQueue,
) -> Iterator[Engine]:
    """As `engine`, with the real queue; the jobs of this process are led to it."""
    shutil.copy(empty_sqlite, tmp_path / "webhooks.db")
    url = f"sqlite:///{tmp_path}/webhooks.db"
    settings = settings_for(tmp_path, url=url, REDIS_URL=redis_url)
    parts = {"clock": clock, "transport": transport, "hooks": hooks, "queue": rq_queue, "settings": settings}
    before = list(jobs._bound)
    with build_engine(url, folder=tmp_path, **parts) as engine:
        jobs.bind(engine)
        yield engine
    jobs._bound[:] = before


@pytest.fixture
def own_signals() -> Iterator[None]:
    """What handles SIGTERM and SIGINT is as before when the test is over."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
