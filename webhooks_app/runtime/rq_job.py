"""What may a job do? Call one of our own two functions, and nothing else.

Whoever can write to Redis could otherwise name any function there is (`os.system`), even with JSON jobs. What cannot
be read is no job: RQ passes it over, and what it may have been is queued again from the database.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from redis.exceptions import ResponseError
from rq.exceptions import NoSuchJobError, TimeoutFormatError
from rq.job import Job

log = logging.getLogger("webhooks_app.worker")

DISPATCH = "webhooks_app.jobs.dispatch"
DELIVER = "webhooks_app.jobs.deliver"
ALLOWED = frozenset({DISPATCH, DELIVER})

MOST_BYTES = 256 * 1024
"""Of a job's function and arguments: two hundred ids and their names are 8 KB."""

# What our jobs have. Others name callbacks, webhooks and dependencies, or have a job repeated for ever.
_FIELDS = frozenset(
    b"created_at data origin enqueued_at started_at ended_at last_heartbeat worker_name status timeout"
    b" result_ttl failure_ttl".split()
)

_SECONDS = (b"timeout", b"result_ttl", b"failure_ttl")
MOST_DIGITS = 6  # Redis and the system's clock refuse very large numbers, and RQ would end its worker for it

# Not every Exception: one may be the request to stop, or the end of a job's time.
_UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, OverflowError, AssertionError, TimeoutFormatError,
)  # fmt: skip


class ForbiddenJob(Exception):
    """The job names a function that is not ours, or carries callbacks or webhooks of RQ's."""


class WebhooksJob(Job):
    """A job that runs only what is allowed."""

    def refresh(self) -> None:
        """Read it from Redis. Raises NoSuchJobError where there is none that can be read."""
        try:
            super().refresh()  # type: ignore[no-untyped-call]  # RQ has no type here
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            raise self._unreadable(error) from error

    def restore(self, raw_data: Mapping[bytes, bytes]) -> None:
        """Take it from what Redis holds. Raises as `refresh`."""
        try:
            ours = {name: value for name, value in raw_data.items() if name in _FIELDS}
            if any(len(value) > MOST_DIGITS for name, value in ours.items() if name in _SECONDS):
                raise ValueError("No job of ours takes that long.")
            super().restore({**ours, b"data": _unpacked(ours[b"data"])})
        except _UNREADABLE as error:  # any field may hold anything, and RQ would end its worker for it
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> NoSuchJobError:
        log.warning(
            "A job in Redis cannot be read, and is passed over: %s (%s).", self.id, type(error).__name__
        )
        return NoSuchJobError("This job cannot be read.")

    @property
    def func(self) -> Callable[..., Any]:
        """The function to call. Raises ForbiddenJob for any that is not ours."""
        if self.func_name not in ALLOWED or self.instance is not None:
            raise ForbiddenJob(f"{self.func_name!r} is not a function of Webhooks App.")
        found: Callable[..., Any] = super().func
        return found

    @property
    def success_callback(self) -> None:
        """None: our jobs have no callbacks, and a forged one is not called."""
        return

    @property
    def failure_callback(self) -> None:
        """None, as for success."""
        return

    @property
    def stopped_callback(self) -> None:
        """None, as for success."""
        return

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """Nothing: RQ's own webhooks would pass our address guard by."""


def _unpacked(data: bytes) -> bytes:
    """The JSON of a job. Raises ValueError for what is none, and for what unpacks to more than a job of ours has."""
    try:
        text = zlib.decompressobj().decompress(data, MOST_BYTES + 1)
    except zlib.error:
        text = data  # RQ takes it as it is too
    # RQ unpacks what it is given, and a list of JSON is nothing that it could unpack once more.
    if len(text) > MOST_BYTES or not text.startswith(b"["):
        raise ValueError("This is no job.")
    return text
