"""Which addresses does a name have just now?

The system's look-up cannot be stopped and may hang for half a minute. So it runs in a thread of its own
and we wait for it five seconds at most; a name whose look-up hangs occupies one thread, not one for each
delivery, and one hanging name does not stop the others. Nothing is kept: an answer serves the
connections that were waiting for it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from webhooks_app.errors import WebhooksError

# What socket.getaddrinfo returns: (family, type, protocol, canonical name, address) for each record.
Records = Sequence[tuple[Any, Any, int, str, tuple[Any, ...]]]
LookUp = Callable[[str, int], Records]

LIMIT_SECONDS = 5.0
MAX_RUNNING = 32
ENOUGH_SECONDS = 1.0
FAIL_FAST_SECONDS = 30.0
MAX_REMEMBERED = 1000


class NameTimeout(WebhooksError):
    """The look-up of the name took too long."""


class NameUnknown(WebhooksError):
    """The name has no address."""


def system_look_up(name: str, port: int) -> Records:
    """Ask the system, as every other program on this machine does."""
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)


class _Question:
    """One look-up in flight, shared by all who wait for that name."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.records: Records = ()
        self.failed = False


class Resolver:
    """Looks names up within a time. One for each process, because its threads do not survive a fork.

    `look_up` may block and may raise anything. The port it is given is that of whoever asked first.
    """

    def __init__(self, look_up: LookUp, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._look_up = look_up
        self._limit_seconds = limit_seconds
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(MAX_RUNNING)
        self._in_flight: dict[str, _Question] = {}
        self._fails_until: dict[str, float] = {}

    def records(self, name: str, port: int, *, within_seconds: float) -> Records:
        """Return the records of a name in the system's order; raises `NameTimeout` or `NameUnknown`."""
        if self._fails_fast(name):
            raise NameTimeout
        until = time.monotonic() + min(self._limit_seconds, within_seconds)
        question = self._ask(name, port, until=until)
        if not question.answered.wait(until - time.monotonic()):
            # An attempt that had hardly any time left says nothing about the name.
            if within_seconds >= min(self._limit_seconds, ENOUGH_SECONDS):
                self._remember_failure(name)
            raise NameTimeout
        if question.failed or not question.records:
            raise NameUnknown
        return question.records

    def _ask(self, name: str, port: int, *, until: float) -> _Question:
        with self._lock:
            question = self._in_flight.get(name)
        if question is not None:
            return question
        # With every thread stuck, the others wait here: until one comes back, or their own time is over.
        if not self._slots.acquire(timeout=max(0.0, until - time.monotonic())):
            raise NameTimeout
        with self._lock:
            question = self._in_flight.get(name)
            if question is None:
                question = self._in_flight[name] = _Question()
                return self._begin(question, name, port)
        self._slots.release()
        return question

    def _begin(self, question: _Question, name: str, port: int) -> _Question:
        thread = threading.Thread(
            target=self._answer, args=(question, name, port), name="webhooks-resolver", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # The system gives no more threads.
            del self._in_flight[name]
            self._slots.release()
            raise NameTimeout from None
        return question

    def _answer(self, question: _Question, name: str, port: int) -> None:
        try:
            question.records = self._look_up(name, port)
        except Exception:  # noqa: BLE001 - whatever a look-up raises, the name has no address for us.
            question.failed = True
        finally:
            with self._lock:
                del self._in_flight[name]
            self._slots.release()
            question.answered.set()

    def _fails_fast(self, name: str) -> bool:
        until = self._fails_until.get(name)
        return until is not None and time.monotonic() < until

    def _remember_failure(self, name: str) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._fails_until) >= MAX_REMEMBERED:
                self._fails_until = {key: until for key, until in self._fails_until.items() if until > now}
            self._fails_until[name] = now + FAIL_FAST_SECONDS
