"""What works the queue off? An RQ worker that runs jobs in its own process, one queue a worker.

One queue, because RQ pops from several in a way that loses the job if the worker dies just then. In its
own process, because a fork for each job costs more than a hundred deliveries. On SIGTERM it finishes its
job, gives back what was not begun, and waits for what is in flight.
"""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from webhooks_app.engine import Engine
from webhooks_app.engine.sweep import sweep
from webhooks_app.runtime.redis_client import patient_client, quick_client
from webhooks_app.runtime.rq_job import WebhooksJob
from webhooks_app.runtime.rq_queue import DELIVERIES, SLOW, RqQueue, open_queue

log = logging.getLogger("webhooks_app.worker")

HEARTBEAT_SECONDS = 5.0
OLDEST_REDIS = (6, 2)
DRAIN_MARGIN_SECONDS = 5.0


class CannotWork(Exception):
    """The queue server cannot be trusted with our jobs; the message says why and what to do."""


class InProcessWorker(SimpleWorker):
    """RQ's SimpleWorker with our job class, and a heartbeat every few seconds instead of three a job."""

    job_class = WebhooksJob
    log_job_description = False
    log_result_lifespan = False
    _beat_at = 0.0

    def heartbeat(self, timeout: int | None = None, pipeline: Any | None = None) -> None:
        """Tell Redis that we live, if that was not told just now (halves the cost of a job)."""
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            super().heartbeat(timeout, pipeline)

    def procline(self, message: str) -> None:
        """Nothing: the process keeps its readable name (`… webhooks worker`)."""

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """As RQ reckons it, and the pause between our heartbeats on top."""
        return int(super().get_heartbeat_ttl(job, working_time) + HEARTBEAT_SECONDS)


def run_worker(engine: Engine, *, queue: str = DELIVERIES, burst: bool = False) -> None:
    """Work until SIGTERM or SIGINT; with `burst` until nothing is due. Raises CannotWork."""
    connection = patient_client(engine.settings.redis_url)
    check_server(connection)
    _allow_many_sockets()
    if burst:
        _work_off(engine, connection, queue)
    else:
        _worker(connection, queue).work(logging_level="WARNING")
    engine.stragglers.drain(seconds=engine.settings.timeout_seconds + DRAIN_MARGIN_SECONDS)


def check_server(connection: Redis) -> None:
    """Refuse a server that does not answer, or on which RQ would lose jobs. Raises CannotWork."""
    try:
        info = connection.info("server")
    except (RedisError, OSError) as error:
        raise CannotWork(f"Redis does not answer: {error or type(error).__name__}") from error
    version = tuple(int(part) for part in str(info.get("redis_version", "0.0")).split(".")[:2])
    if version < OLDEST_REDIS:
        raise CannotWork(
            f"Redis 6.2 or newer is needed; this one says {info.get('redis_version', 'nothing')}. "
            "If it is newer, its ACL lacks +info for this user."
        )


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files: kept connections to many hosts can pass the usual 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _work_off(engine: Engine, connection: Redis, queue: str) -> None:
    """Sweep and work in turn until neither finds anything."""
    while True:
        swept = sweep(engine)
        # A list, because both queues are to be worked off, whatever the first one held.
        worked = [
            _worker(connection, name).work(burst=True, logging_level="WARNING") for name in _both(queue)
        ]
        engine.stragglers.drain(seconds=engine.settings.timeout_seconds + DRAIN_MARGIN_SECONDS)
        if not (swept.rang or swept.queued or any(worked)):
            return


def _both(queue: str) -> tuple[str, ...]:
    return (DELIVERIES, SLOW) if queue == DELIVERIES else (SLOW,)


def _worker(connection: Redis, queue: str) -> InProcessWorker:
    return InProcessWorker(
        [open_queue(queue, connection)],
        name=f"{worker_name()}-{queue}-{os.urandom(2).hex()}",
        connection=connection,
        serializer=JSONSerializer,
    )


def worker_name() -> str:
    """What this process is called in the log and on the system page."""
    return f"{socket.gethostname()}-{os.getpid()}"


def queue_of(redis_url: str) -> RqQueue:
    """The engine's queue for these settings, which answers or fails within half a second."""
    return RqQueue(quick_client(redis_url))
