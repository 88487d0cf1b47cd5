"""What is known of one request while it runs: its deadline, the address dialled, how long each phase took.

The connection, its pool and the response all work for one request in one thread, but only `requests`
stands between them; so the exchange of a thread is found through `current`.
"""

from __future__ import annotations

import socket
import threading
import time

from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.deadline import Watchdog
from webhooks_app.engine.outcome import Timings
from webhooks_app.engine.resolver import Resolver
from webhooks_app.errors import WebhooksError


class NotConnected(WebhooksError):
    """There is no connection to the receiver."""

    def __init__(self, error_class: str, sentence: str) -> None:
        super().__init__(sentence)
        self.error_class = error_class


class Exchange:
    """One request and its answer, in the thread that sends it. Moments are of time.monotonic()."""

    __slots__ = (
        "_watchdog", "connect_ms", "connected_at", "deadline", "dns_ms", "first_byte_at", "head_at", "ip",
        "policy", "resolver", "sent_at", "skipped_ips", "started_at", "tls_ms", "wants_new_connection",
    )  # fmt: skip

    def __init__(
        self, *, policy: NetworkPolicy, resolver: Resolver, watchdog: Watchdog, timeout_seconds: float
    ) -> None:
        self.policy = policy
        self.resolver = resolver
        self._watchdog = watchdog
        self.started_at = time.monotonic()
        self.deadline = watchdog.start(timeout_seconds)
        self.ip: str | None = None
        self.skipped_ips: tuple[str, ...] = ()  # of the same name, and not public
        self.dns_ms: float | None = None
        self.connect_ms: float | None = None
        self.tls_ms: float | None = None
        self.connected_at: float | None = None
        self.sent_at: float | None = None
        self.first_byte_at: float | None = None
        self.head_at: float | None = None
        self.wants_new_connection = False

    def begin_anew(self) -> None:
        """Make the exchange once more in the time that is left, on a connection that was not used before."""
        self.wants_new_connection = True
        self.sent_at = None
        self._watchdog.finish(self.deadline)
        self.deadline = self._watchdog.start(self.deadline.left)

    def watch(self, sock: socket.socket) -> None:
        """Have this socket shut down at the deadline."""
        self._watchdog.watch(self.deadline, sock)

    def limit_rest(self, seconds: float) -> None:
        """Give what is left to read at most that many seconds, and never more than the deadline."""
        self._watchdog.bring_forward(self.deadline, seconds)

    def finish(self) -> bool:
        """Let go of the socket, and say whether the deadline had come."""
        return self._watchdog.finish(self.deadline)

    def timings(self) -> Timings:
        """How long each phase took that was reached; one in which the attempt ended, until now."""
        now = time.monotonic()
        return Timings(
            dns_ms=self.dns_ms,
            connect_ms=self.connect_ms,
            tls_ms=self.tls_ms,
            first_byte_ms=_ms(self.sent_at, self.first_byte_at or now),
            read_ms=_ms(self.head_at, now),
            total_ms=round((now - self.started_at) * 1000, 2),
        )


class _PerThread(threading.local):
    exchange: Exchange | None = None


_here = _PerThread()


def enter(exchange: Exchange | None) -> None:
    """Make it the exchange of this thread; None when the thread is done with it."""
    _here.exchange = exchange


def current() -> Exchange:
    """The exchange of this thread. Without one nothing is dialled, because nothing would be checked."""
    exchange = _here.exchange
    if exchange is None:
        raise NotConnected("internal", "Connections are opened only for a delivery.")
    return exchange


def is_sending() -> bool:
    """Whether this thread is in an exchange."""
    return _here.exchange is not None


def since(moment: float) -> float:
    """Milliseconds since then."""
    return round((time.monotonic() - moment) * 1000, 2)


def _ms(begin: float | None, end: float | None) -> float | None:
    if begin is None or end is None:
        return None
    return round((end - begin) * 1000, 2)
