"""Does the queue tell the truth about its server and its workers?"""

import subprocess

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer

from tests.patience import wait_until
from webhooks_app.engine import QueueUnreachable
from webhooks_app.engine.queue_facts import DELIVERIES
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.redis_client import quick_client
from webhooks_app.runtime.redis_server import own_redis
from webhooks_app.runtime.rq_queue import RqQueue, open_queue


@pytest.fixture
def redis(tmp_path):
    server = own_redis(prepare(tmp_path))
    with subprocess.Popen(server.program.command, stdout=subprocess.DEVNULL) as process:
        with Redis.from_url(server.url) as client:
            wait_until(lambda: answers(client), what="Redis")
            yield client
        process.terminate()


def answers(client):
    try:
        return client.ping()
    except RedisError:
        return False


def registered(connection, queue, name):
    worker = Worker([queue], name=name, connection=connection, serializer=JSONSerializer)
    worker.register_birth()
    return worker


def test_the_server_says_its_version_and_memory(redis):
    server = RqQueue(redis).server()

    assert server.version[0].isdigit() and server.memory_bytes > 0 and not server.evicts


def test_only_the_workers_of_our_queues_are_listed(redis):
    registered(redis, open_queue(DELIVERIES, redis), "ours")
    registered(redis, open_queue("another-application", redis), "theirs")

    [worker] = RqQueue(redis).workers()

    assert (worker.name, worker.queue, worker.jobs_done) == ("ours", DELIVERIES, 0)
    assert worker.started_at is not None and worker.started_at.tzinfo is not None


def test_a_server_that_is_away_is_told_as_unreachable(tmp_path):
    queue = RqQueue(quick_client(f"unix://{tmp_path}/nobody.sock"))

    for ask in (queue.server, queue.workers):
        with pytest.raises(QueueUnreachable):
            ask()
