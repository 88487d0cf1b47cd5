"""How do the doorbell and the belt hang on RQ?

The doorbell is a flag with an expiry and one `dispatch` job; RQ's own `unique` would also refuse a ring
while the job runs, and so lose it. Deliveries travel as jobs of some hundred ids. Jobs are written as JSON,
never as pickle, and only our own functions are run from them (see `rq_job`).
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer
from rq import Queue as RedisQueue
from rq.serializers import JSONSerializer

from webhooks_app.engine import QueueRefuses, QueueUnreachable
from webhooks_app.engine.queue_facts import DELIVERIES, SLOW, QueueServer, QueueWorker
from webhooks_app.runtime.redis_client import said
from webhooks_app.runtime.rq_facts import server_of, workers_of
from webhooks_app.runtime.rq_job import DELIVER, DISPATCH, WebhooksJob

log = logging.getLogger("webhooks_app.worker")

KICK = "webhooks:kick"
KICK_SECONDS = 30
EPOCH = "webhooks:epoch"
TRIED = "webhooks:tried"
TRIED_SECONDS = 60

# The backstop behind the transport's own deadline: the largest timeout and the lease's margin, less 15 s.
JOB_TIMEOUT_SECONDS = 90
# A page or a command may ask several times: after a wait that was in vain the next ones are answered without asking.
# No longer than this, because what is not rung for meanwhile is left to the sweep.
SILENT_SECONDS = 1.0
FAILURE_SECONDS = 3600  # a job that failed is kept so long for whoever wonders; its rows are the sweep's

_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")

P = ParamSpec("P")
T = TypeVar("T")


def _or_unreachable(
    call: Callable[Concatenate[RqQueue, P], T],
) -> Callable[Concatenate[RqQueue, P], T]:
    """Redis's errors become ours; a Redis that did not answer a moment ago is not waited for once more."""

    @wraps(call)
    def called(self: RqQueue, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.is_silent:
            raise QueueUnreachable("no answer a moment ago")
        try:
            return call(self, *args, **kwargs)
        except ResponseError as error:
            raise QueueRefuses(str(error)) from error
        except NoAnswer as error:
            # Only who hangs costs time; a Redis that is gone is refused at once, and rung as soon as it is back.
            self.fall_silent()
            raise QueueUnreachable(said(error)) from error
        except (RedisError, OSError) as error:
            raise QueueUnreachable(said(error)) from error

    return called


class RqQueue:
    """The engine's Queue on RQ; see engine.Queue for what each call promises."""

    def __init__(self, connection: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = connection
        self._clock = clock
        self._silent_until = clock()
        self._queues = {name: open_queue(name, connection) for name in (DELIVERIES, SLOW)}

    @property
    def is_silent(self) -> bool:
        """Whether Redis let a call wait in vain a moment ago."""
        return self._clock() < self._silent_until

    def fall_silent(self) -> None:
        """Ask nothing for a moment."""
        self._silent_until = self._clock() + SILENT_SECONDS

    @_or_unreachable
    def ring(self, *, again: bool = False) -> None:
        """Ask for a dispatch.

        Behind what waits: at the front it would, where events come faster than they are dispatched, be the only
        job that is ever done.
        """
        if not self._redis.set(KICK, "1", ex=KICK_SECONDS, nx=not again):
            return
        try:
            with self._redis.pipeline() as pipe:  # one round trip, for RQ would make several
                self._queues[DELIVERIES].enqueue(
                    DISPATCH,
                    result_ttl=0,
                    failure_ttl=FAILURE_SECONDS,
                    job_timeout=JOB_TIMEOUT_SECONDS,
                    pipeline=pipe,
                )
                pipe.execute()
        except ResponseError:
            # A flag without its job would silence the next rings. (Where Redis does not answer, it would not answer
            # this either, and whoever waits has waited enough: the flag expires, and the sweep rings without it.)
            self._redis.delete(KICK)
            raise

    @_or_unreachable
    def answer(self) -> None:
        """Take the flag down."""
        self._redis.delete(KICK)

    @_or_unreachable
    def push(self, batches: Sequence[Sequence[str]], *, slow: bool = False) -> None:
        """One job a batch, all of them in one round trip."""
        if not batches:
            return
        jobs = [
            RedisQueue.prepare_data(
                DELIVER,
                kwargs={"delivery_ids": list(batch), "slow": slow},
                timeout=JOB_TIMEOUT_SECONDS,
                result_ttl=0,
                failure_ttl=FAILURE_SECONDS,
            )
            for batch in batches
        ]
        self._queues[SLOW if slow else DELIVERIES].enqueue_many(jobs)

    @_or_unreachable
    def try_out(self) -> None:
        """Write something small that goes away by itself: a server whose memory is full still answers questions."""
        self._redis.set(TRIED, "1", ex=TRIED_SECONDS)

    @_or_unreachable
    def length(self, *, slow: bool = False) -> int:
        """Jobs that wait; those being worked on are not among them."""
        return int(self._queues[SLOW if slow else DELIVERIES].count)

    @_or_unreachable
    def was_wiped(self) -> bool:
        """Whether our mark is gone."""
        return not self._redis.exists(EPOCH)

    @_or_unreachable
    def mark(self) -> None:
        """Set our mark; it never expires by itself."""
        self._redis.set(EPOCH, secrets.token_hex(8))

    @_or_unreachable
    def workers(self) -> list[QueueWorker]:
        """Those of our two queues."""
        return workers_of(self._redis, queues=self._queues)

    @_or_unreachable
    def server(self) -> QueueServer:
        """As Redis tells it."""
        return server_of(self._redis)


class JobQueue(RedisQueue):
    """RQ's queue, out of which only ids come that a job can have: RQ would end its worker for others."""

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> tuple[str, bytes] | None:
        """The next id, which goes into RQ's intermediate queue until the job has begun."""
        while True:
            found: tuple[str, bytes] | None = super().lmove(connection, queue_key, timeout)
            if found is None or _ID.fullmatch(found[1]):
                return found
            log.warning("An id in Redis is none of a job, and is passed over: %r.", found[1][:40])
            connection.lrem(f"{queue_key}:intermediate", 1, found[1])  # type: ignore[arg-type]  # bytes are well


def open_queue(name: str, connection: Redis) -> RedisQueue:
    """An RQ queue that writes JSON and makes only our jobs."""
    return JobQueue(name, connection=connection, serializer=JSONSerializer, job_class=WebhooksJob)
