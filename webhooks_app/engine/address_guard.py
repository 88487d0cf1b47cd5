"""How does `requests` connect only to addresses that were checked, and never wait past the deadline?

urllib3 opens every socket in `HTTPConnection._new_conn`; its own SOCKS support overrides that method too.
Here it leads to `dial`. The connection's host stays the name, so Host, SNI, the certificate's check and
keep-alive are untouched. `Transport.self_test` fails when urllib3 no longer goes this way.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection, port_by_scheme
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import LocationParseError
from urllib3.response import BaseHTTPResponse, HTTPResponse
from urllib3.util.url import Url, parse_url

from webhooks_app.engine.answer import Answer
from webhooks_app.engine.dial import dial
from webhooks_app.engine.exchange import NotConnected, current, is_sending, since
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.message import request_head
from webhooks_app.engine.tls import BROKEN_OFF, OUT_OF_TIME, tls_sentence
from webhooks_app.engine.trust import Trust

MAX_AGE_SECONDS = 60.0


def as_dialled(url: str) -> Url | None:
    """The URL as urllib3 reads it, its IPv6 host without brackets; None if it refuses it."""
    try:
        read = parse_url(url)
    except LocationParseError:
        return None
    return read._replace(host=read.host.strip("[]")) if read.host else read


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads. `host_field` is the Host header, `target` what stands in the request's first line."""

    scheme: str
    host: str
    port: int
    host_field: str
    target: str


@lru_cache(maxsize=4096)  # a listener's URL is asked for at every delivery
def place_of(url: str) -> Place:
    """Read a URL as it was stored: in its canonical form. Raises ValueError for what is none."""
    parts = urlsplit(url)
    host, usual = parts.hostname or "", port_by_scheme.get(parts.scheme, 0)
    named = f"[{host}]" if ":" in host else host.rstrip(".")
    return Place(
        scheme=parts.scheme,
        host=host,
        port=parts.port or usual,
        host_field=named if parts.port in (None, usual) else f"{named}:{parts.port}",
        target=f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/",
    )


class _Guarded(HTTPConnection):
    """A connection that only `dial` opens."""

    response_class = Answer
    dialled_ip: str | None = None
    skipped_ips: tuple[str, ...] = ()
    dialled_at = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = current()
        sock = dial(exchange, self.host, self.port, is_proxy=self.proxy is not None)
        self.dialled_ip, self.skipped_ips = exchange.ip, exchange.skipped_ips
        self.dialled_at = time.monotonic()
        return sock

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        """Send head and body in one piece: two would cost a system call and a packet more for each delivery.

        Not by http.client, which takes a fifth of a delivery's time to check one header after the other.
        """
        exchange = current()
        # urllib3 would give the sending of the body only the time meant for connecting.
        self.timeout = max(0.001, exchange.deadline.left)
        if self.sock is not None:
            exchange.ip, exchange.skipped_ips = self.dialled_ip, self.skipped_ips
            exchange.watch(self.sock)
            self.sock.settimeout(self.timeout)
        try:
            self.send(request_head(method, url, headers) + body)
        finally:
            if self.sock is not None:
                exchange.sent_at = time.monotonic()
        reach("send.after_request")

    def getresponse(self) -> Any:
        """Read the answer's head; the body is left to whoever wants it."""
        sock: Any = self.sock
        answer = Answer(sock, method="POST")
        try:
            answer.begin()
        except BaseException:
            answer.close()
            raise
        if answer.will_close:
            self.close()  # the socket lives on in the answer
        fields = HTTPHeaderDict()
        for name, value in answer.fields:
            fields.add(name, value)
        return HTTPResponse(
            answer,
            fields,
            answer.status,
            preload_content=False,
            decode_content=False,
            original_response=answer,
        )

    @property
    def is_old(self) -> bool:
        """Whether it has been open for so long that its address should be checked anew."""
        return self.sock is not None and time.monotonic() - self.dialled_at > MAX_AGE_SECONDS


class _GuardedTLS(_Guarded, HTTPSConnection):
    """The same with TLS."""

    def connect(self) -> None:
        exchange = current()
        try:
            super().connect()
        except (ssl.SSLError, ConnectionError, TimeoutError) as exc:
            # The handshake has what is left of the deadline for its timeout, which may come a moment before it.
            if isinstance(exc, TimeoutError) or exchange.deadline.has_passed:
                raise NotConnected("deadline", OUT_OF_TIME) from exc
            if isinstance(exc, ssl.SSLError):
                raise NotConnected("tls_error", tls_sentence(exc, host=self.host)) from exc
            raise NotConnected("tls_error", BROKEN_OFF.format(host=self.host)) from exc
        finally:
            if exchange.connected_at is not None:
                exchange.tls_ms = since(exchange.connected_at)
        if self.sock is not None:
            exchange.watch(self.sock)


class _KeptShort(HTTPConnectionPool):
    """A pool whose connections are used for a minute, and whose sockets the watchdog has let go of."""

    ConnectionCls: Any = _Guarded

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if connection.is_old or current().wants_new_connection:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if is_sending() and current().finish() and conn is not None:
            conn.close()
        super()._put_conn(conn)

    def close_old(self) -> None:
        """Close connections that nobody asked for in time."""
        idle = self.pool
        if idle is None:
            return
        # While the lock is held nobody takes one of them; a closed one is opened again when it is used.
        with idle.mutex:
            for connection in idle.queue:
                if connection is not None and connection.is_old:
                    connection.close()


class _KeptShortTLS(_KeptShort, HTTPSConnectionPool):
    ConnectionCls: Any = _GuardedTLS


POOLS = {"http": _KeptShort, "https": _KeptShortTLS}


class GuardedAdapter(HTTPAdapter):
    """The adapter of one process: its pools, whom they trust, and answers as urllib3 gives them."""

    def __init__(self, *, hosts: int, threads: int, ca_file: str | None = None) -> None:
        self._trust = Trust(ca_file)
        super().__init__(pool_connections=hosts, pool_maxsize=threads, max_retries=0, pool_block=False)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Make the pools of guarded connections."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._trust.public, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make the pools of connections through our own outbound proxy."""
        public = self._trust.public
        manager = super().proxy_manager_for(
            proxy, ssl_context=public, proxy_ssl_context=public, **proxy_kwargs
        )
        manager.pool_classes_by_scheme = POOLS
        return manager

    def get_connection_with_tls_context(
        self,
        request: Any,
        verify: Any,
        proxies: dict[str, str] | None = None,
        cert: Any = None,
        *,
        trusted_ca: str | None = None,
    ) -> Any:
        """Return the pool of the request's host; the parent's way costs a tenth of a send."""
        place = place_of(request.url)
        if trusted_ca is not None and place.scheme == "https":
            return self._pool_trusting(trusted_ca, place, proxies)
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        # urllib3 would put everything into the key that can differ between pools; ours are else alike.
        key: Any = (place.scheme, place.host, place.port)
        context = dict(zip(("scheme", "host", "port"), key, strict=True))
        manager = self.poolmanager
        return manager.connection_from_pool_key(key, {**manager.connection_pool_kw, **context})

    def _pool_trusting(self, authorities: str, place: Place, proxies: dict[str, str] | None) -> Any:
        """The pool of a host for who trusts these authorities alone: its connections serve nobody else."""
        manager = self.proxy_manager_for(proxies["https"]) if proxies else self.poolmanager
        own = {"ssl_context": self._trust.in_only(authorities)}
        if proxies:
            return manager.connection_from_host(place.host, place.port, place.scheme, pool_kwargs=own)
        where = {"scheme": place.scheme, "host": place.host, "port": place.port}
        key: Any = (*where.values(), authorities)
        return manager.connection_from_pool_key(key, {**manager.connection_pool_kw, **own, **where})

    def request_url(self, request: Any, proxies: dict[str, str] | None) -> Any:
        """Return what stands in the request's first line."""
        return super().request_url(request, proxies) if proxies else place_of(request.url).target

    def send(  # type: ignore[override]  # the answer is urllib3's
        self,
        request: PreparedRequest,
        stream: bool = True,  # noqa: ARG002 - these four are the parent's
        timeout: Any = None,  # noqa: ARG002
        verify: Any = True,
        cert: Any = None,  # noqa: ARG002
        proxies: dict[str, str] | None = None,
        *,
        trusted_ca: str | None = None,
    ) -> BaseHTTPResponse:
        """Send the request and return urllib3's answer, its body unread; `trusted_ca` as a Message has it.

        The parent's way costs a tenth more, for a requests.Response that would also collect cookies, authorities
        that it reads each time, and a timeout for each read; our connections know their deadline.
        """
        pool = self.get_connection_with_tls_context(request, verify, proxies, trusted_ca=trusted_ca)
        answer: BaseHTTPResponse = pool.urlopen(
            request.method,
            self.request_url(request, proxies),
            body=request.body,
            headers=request.headers,
            redirect=False,
            retries=self.max_retries,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
        )
        return answer

    def close_old(self) -> None:
        """Close every idle connection that is past its time."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - this container refuses to be iterated
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.close_old()


def _is_not_ours(_: logging.LogRecord) -> bool:
    """Keep urllib3 from logging what a receiver answered, and the listener's URL with it."""
    return not is_sending()


for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response"):
    logging.getLogger(_name).addFilter(_is_not_ours)
