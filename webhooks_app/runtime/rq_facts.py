"""What do Redis and RQ say of themselves? Their answers as the engine's plain data."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime

from redis import Redis
from redis.exceptions import NoPermissionError
from rq import Worker
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker

from webhooks_app.engine.queue_facts import QueueServer, QueueWorker


def server_of(connection: Redis) -> QueueServer:
    """The server's version and memory; a server that hides them (by its ACL) is "unknown"."""
    try:
        info = connection.info()
    except NoPermissionError:
        return QueueServer(version="unknown", memory_bytes=0)
    policy = str(info.get("maxmemory_policy", "noeviction"))
    return QueueServer(
        version=str(info.get("redis_version", "unknown")),
        memory_bytes=int(info.get("used_memory", 0)),
        evicts=bool(info.get("maxmemory", 0)) and policy != "noeviction",
    )


def workers_of(connection: Redis, *, queues: Container[str]) -> list[QueueWorker]:
    """The workers of these queues, by queue and name; another application's on the same server are left out."""
    found = [_worker(one) for one in Worker.all(connection=connection, serializer=JSONSerializer)]
    return sorted((one for one in found if one.queue in queues), key=lambda one: (one.queue, one.name))


def _worker(one: BaseWorker) -> QueueWorker:
    return QueueWorker(
        name=one.name,
        queue=", ".join(one.queue_names()),
        state=str(getattr(one.get_state(), "value", one.get_state())),
        pid=one.pid,
        started_at=_aware(one.birth_date),
        seen_at=_aware(one.last_heartbeat),
        jobs_done=one.successful_job_count,
        jobs_failed=one.failed_job_count,
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
