"""How would a message be sent without guard, watchdog and signature? The same way otherwise, to compare them.

The same connections of urllib3 with the usual timeout of each read, the same head in one piece, the same reading of
the answer and noting of moments; but no policy, no deadline, no pool that asks for them. It is not fit for sending
anything elsewhere.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from webhooks_app.engine import transport as guarded
from webhooks_app.engine.address_guard import POOLS, GuardedAdapter
from webhooks_app.engine.exchange import Exchange, current, enter
from webhooks_app.engine.message import Message, request_head
from webhooks_app.engine.outcome import Outcome

TIMEOUT_SECONDS = 15.0


class _NoExchange(Exchange):
    """Notes the moments of one request, which has all the time in the world."""

    def __init__(self) -> None:
        self.started_at = time.monotonic()
        self.deadline: Any = SimpleNamespace(has_passed=False, fired=False)
        self.ip = self.dns_ms = self.connect_ms = self.tls_ms = None
        self.skipped_ips = ()
        self.connected_at = self.sent_at = self.first_byte_at = self.head_at = None

    def limit_rest(self, seconds: float) -> None:
        pass


class _Plain(HTTPConnection):
    getresponse = POOLS["http"].ConnectionCls.getresponse

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        self.send(request_head(method, url, headers) + body)
        current().sent_at = time.monotonic()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls: Any = _Plain


class _PlainAdapter(GuardedAdapter):
    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, timeout=TIMEOUT_SECONDS, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool}


class Unguarded:
    """Sends to the bench's own receiver."""

    def __init__(self, transport: guarded.Transport) -> None:
        self._transport = transport
        self._adapter = _PlainAdapter(hosts=2, threads=1)

    def send(self, message: Message) -> Outcome:
        """Send, and say what came of it."""
        exchange = _NoExchange()
        enter(exchange)
        try:
            answer = self._transport._exchanged(self._adapter, exchange, message)
            return guarded._outcome(exchange, answer)
        finally:
            enter(None)

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()
