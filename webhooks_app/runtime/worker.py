"""What works the queue off? An RQ worker that runs jobs in its own process, one queue a worker.

One queue, because RQ pops from several in a way that loses the job if the worker dies just then. In its
own process, because a fork for each job costs more than a hundred deliveries. On SIGTERM it finishes its
job, gives back what was not begun, and waits for what is in flight.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now

from webhooks_app.attributes import TIMEOUT_SECONDS
from webhooks_app.engine import Engine, skew
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.queue_facts import DELIVERIES, EVICTING, SLOW
from webhooks_app.engine.sweep import sweep
from webhooks_app.engine.unreadable import release_readable
from webhooks_app.runtime.redis_client import patient_client, quick_client, said
from webhooks_app.runtime.rq_facts import server_of
from webhooks_app.runtime.rq_job import WebhooksJob
from webhooks_app.runtime.rq_keys import mend_keys
from webhooks_app.runtime.rq_queue import JobQueue, RqQueue, open_queue
from webhooks_app.setting_addresses import redis_exposure

log = logging.getLogger("webhooks_app.worker")

HEARTBEAT_SECONDS = 5.0
# What RQ takes as its measure: it blocks for 15 seconds less, and a worker is forgotten a minute later. Longer
# than a job may take, because no heartbeat goes out during one.
WORKER_TTL_SECONDS = 120
OLDEST_REDIS = (6, 2)
# No send lasts longer than the longest timeout that a listener may have, so that as a rule it ends much sooner.
DRAIN_SECONDS = TIMEOUT_SECONDS[1] + 5.0
WAIT_SECONDS = 30.0
WAIT_PAUSE_SECONDS = 0.25
_NOTHING = "webhooks:nothing"  # a list that is never there: taking from it tells whether we may take from any
AGAIN_SECONDS = 1.0  # after Redis went away
WORKED_SECONDS = 10.0  # for so long, and what ends it is new, though it be the same as the last time


class CannotWork(Exception):
    """The queue server cannot be trusted with our jobs; the message says why and what to do."""


class RedisAway(CannotWork):
    """The queue server does not answer; it may be about to."""


class InProcessWorker(SimpleWorker):
    """RQ's SimpleWorker with our job class, and a heartbeat every few seconds instead of three a job."""

    job_class = WebhooksJob
    queue_class = JobQueue
    log_job_description = False
    log_result_lifespan = False
    _beat_at = 0.0
    on_stop: Callable[[], None] | None = None
    # RQ would wait up to a minute between two looks at a Redis that is away, and as long after it has come back.
    max_connection_wait_time = 1.0

    def handle_warm_shutdown_request(self) -> None:
        """The first SIGTERM: whoever waits in a job shall come to an end."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]  # RQ has no type here
        if self.on_stop is not None:
            self.on_stop()

    def set_shutdown_requested_date(self) -> None:
        """Tell Redis; if it is away, the job that the signal interrupts must not fail for it."""
        with suppress(RedisError, OSError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]  # nor here

    def heartbeat(self, timeout: int | None = None, pipeline: Any | None = None) -> None:
        """Tell Redis that we live, if that was not told just now (halves the cost of a job)."""
        now = time.monotonic()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            # Never the shorter time that RQ gives a job: the next heartbeat may be skipped.
            super().heartbeat(max(timeout or 0, self.worker_ttl + 60), pipeline)

    def run_maintenance_tasks(self) -> None:
        """Tidy RQ's books. What is written there by others must not end the worker."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]  # nor here
        except (ResponseError, ValueError, TypeError, LookupError, OverflowError) as error:
            self.last_cleaned_at = now()  # type: ignore[assignment]  # RQ starts with None
            log.warning("RQ's books in Redis cannot be tidied (%s).", type(error).__name__)

    def clean_group_registries(self) -> None:
        """Nothing: our jobs have no groups."""

    def check_for_suspension(self, burst: bool) -> None:
        """Nothing: who may write to Redis shall not pause all deliveries. Pausing is for listeners."""

    def handle_payload(self, message: object) -> None:
        """Nothing, for the same reason: a supervisor stops its worker by a signal, and nobody by RQ's commands."""

    def procline(self, message: str) -> None:
        """Nothing: the process keeps its readable name (`… webhooks worker`)."""

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """As RQ reckons it, and the pause between our heartbeats on top."""
        return int(super().get_heartbeat_ttl(job, working_time) + HEARTBEAT_SECONDS)


def run_worker(engine: Engine, *, queue: str = DELIVERIES, burst: bool = False) -> None:
    """Work until SIGTERM or SIGINT; with `burst` until nothing is due. Raises CannotWork."""
    connection = patient_client(engine.settings.redis_url)
    if burst:
        check_server(connection)
    else:
        wait_for_server(connection)
    warn_of_server(connection, url=engine.settings.redis_url)
    _allow_many_sockets()
    _spare_the_collector()
    skew.warn(engine)
    release_readable(engine)
    if burst:
        _work_off(engine, connection, queue)
    else:
        _work(engine, connection, queue)
    engine.stragglers.drain(seconds=DRAIN_SECONDS)


def _work(engine: Engine, connection: Redis, queue: str) -> None:
    """Work until asked to stop. RQ's loop also ends when Redis goes away: it is waited for, and a new one begins."""
    told: type[Exception] | None = None
    while not engine.stragglers.is_hurried:
        began = time.monotonic()
        try:
            worker = _worker(connection, queue)
            worker.on_stop = engine.stragglers.hurry
            worker.work(logging_level="WARNING")
        except (RedisError, OSError) as error:  # the worker could not even say goodbye
            if type(error) is not told or time.monotonic() - began > WORKED_SECONDS:
                log.warning("%s", trouble_of(error))
            told = type(error)  # not its words, in which the worker's name is another one each time
        with suppress(StopRequested):
            _wait_again(engine, connection)


def trouble_of(error: Exception) -> str:
    """What ended RQ's loop, as the log tells it: who answers with a refusal has not gone away. Pure."""
    if isinstance(error, NoPermissionError):
        return f"Redis refuses a command that a worker needs ({said(error)}): a right is missing in its ACL."
    if isinstance(error, ResponseError):
        return f"Redis refuses what a worker asks of it ({said(error)})."
    return f"Redis went away ({said(error)})."


def _wait_again(engine: Engine, connection: Redis) -> None:
    """Unless the process shall stop: after a pause, for a Redis that answers may refuse all the same."""
    if not engine.stragglers.is_hurried:
        time.sleep(AGAIN_SECONDS)
        wait_for_server(connection)


def wait_for_server(connection: Redis, *, seconds: float = WAIT_SECONDS) -> None:
    """Check the server as soon as it answers: one that starts with us, or reads its file, needs a while.

    Raises CannotWork after so many seconds; whoever supervises the worker starts it again.
    """
    until = time.monotonic() + seconds
    is_told = False
    while True:
        try:
            return check_server(connection)
        except RedisAway as error:
            if time.monotonic() >= until:
                raise
            if not is_told:
                log.warning("%s. The worker waits for it.", error)
                is_told = True
        time.sleep(WAIT_PAUSE_SECONDS)


def check_server(connection: Redis) -> None:
    """Refuse a server that does not answer, lets us take no job, or on which RQ would lose some. Raises CannotWork."""
    try:
        info = connection.info("server")
    except NoPermissionError:
        info = {}  # without its version RQ itself would take it for an old one, and pop in a way that loses jobs
    except (RedisError, OSError) as error:
        raise RedisAway(f"Redis does not answer: {said(error)}") from error
    version = tuple(int(part) for part in str(info.get("redis_version", "0.0")).split(".")[:2])
    if version < OLDEST_REDIS:
        raise CannotWork(
            f"Redis 6.2 or newer is needed; this one says {info.get('redis_version', 'nothing')}. "
            "If it is newer, its ACL lacks +info for this user."
        )
    try:
        connection.lmove(_NOTHING, _NOTHING)
    except NoPermissionError as error:
        raise _not_allowed(error) from error
    except (RedisError, OSError) as error:
        if not _is_of_wrong_type(error):
            raise RedisAway(f"Redis does not answer: {said(error)}") from error


def _is_of_wrong_type(error: Exception) -> bool:
    # Somebody wrote there, who shall not stop us: Redis asks for the right first, so that it was granted.
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")


def _not_allowed(error: Exception) -> CannotWork:
    return CannotWork(
        f"Redis refuses what a worker does: {said(error)}. REDIS_URL has to name a user with a worker's rights,"
        " as webhooks-worker has them in deploy/redis-users.acl; those of the web are too few."
    )


def warn_of_server(connection: Redis, *, url: str) -> None:
    """Say what is unwise about this server, though no event is lost for it."""
    with suppress(RedisError, OSError):  # gone again: what comes next waits for it, and says so
        if server_of(connection).evicts:
            log.warning(EVICTING)
    exposure = redis_exposure(url)
    if exposure:
        log.warning(exposure)


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files: kept connections to many hosts can pass the usual 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def _spare_the_collector() -> None:
    """Look for cycles less often, and never again in what was imported: a tenth of a delivery's time went there.

    A delivery makes some hundred objects and leaves no cycle; what does (an exception) waits a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _work_off(engine: Engine, connection: Redis, queue: str) -> None:
    """Dispatch, sweep and work in turn until none finds anything."""
    while True:
        # Not left to the sweep: it gives the doorbell of a fresh event a second.
        dispatched = dispatch(engine)
        swept = sweep(engine)
        # A list, because both queues are to be worked off, whatever the first one held.
        worked = [_burst(engine, connection, name) for name in _both(queue)]
        engine.stragglers.drain(seconds=DRAIN_SECONDS)
        if engine.stragglers.is_hurried or not (dispatched or swept.rang or swept.queued or any(worked)):
            return


def _burst(engine: Engine, connection: Redis, queue: str) -> bool:
    if engine.stragglers.is_hurried:
        return False
    try:
        worker = _worker(connection, queue)
        worker.on_stop = engine.stragglers.hurry
        return worker.work(burst=True, logging_level="WARNING")
    except NoPermissionError as error:
        raise _not_allowed(error) from error


def _both(queue: str) -> tuple[str, ...]:
    return (DELIVERIES, SLOW) if queue == DELIVERIES else (SLOW,)


def _worker(connection: Redis, queue: str) -> InProcessWorker:
    mend_keys(connection)
    return InProcessWorker(
        [open_queue(queue, connection)],
        name=f"{worker_name()}-{queue}-{os.urandom(2).hex()}",
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
    )


def worker_name() -> str:
    """What this process is called in the log and on the system page."""
    return f"{socket.gethostname()}-{os.getpid()}"


def queue_of(redis_url: str) -> RqQueue:
    """The engine's queue for these settings, which answers or fails within half a second."""
    return RqQueue(quick_client(redis_url))
