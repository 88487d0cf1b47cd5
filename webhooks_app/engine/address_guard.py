"""How does `requests` connect only to addresses that were checked, and never wait past the deadline?

urllib3 opens every socket in `HTTPConnection._new_conn`; its own SOCKS support overrides that method too.
Here it leads to `dial`. The connection's host stays the name, so Host, SNI, the certificate's check and
keep-alive are untouched. `Transport.self_test` fails when urllib3 no longer goes this way.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import time
from typing import IO, Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import LocationParseError
from urllib3.response import BaseHTTPResponse
from urllib3.util.url import Url, parse_url

from webhooks_app.engine.dial import dial
from webhooks_app.engine.exchange import NotConnected, current, is_sending, since
from webhooks_app.engine.tls import BROKEN_OFF, OUT_OF_TIME, tls_sentence

MAX_INTERIM = 8
MAX_INTERIM_LINES = 100
MAX_LINE = 65536
MAX_AGE_SECONDS = 60.0


def as_dialled(url: str) -> Url | None:
    """The URL as urllib3 reads it, its IPv6 host without brackets; None if it refuses it."""
    try:
        read = parse_url(url)
    except LocationParseError:
        return None
    return read._replace(host=read.host.strip("[]")) if read.host else read


class _Head:
    """The answer's head while it is read: notes when it began, and with which line it ended."""

    __slots__ = ("_file", "last_line")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last_line = b""

    def readline(self, limit: int) -> bytes:
        self.last_line = line = self._file.readline(limit)
        return line

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _Answer(http.client.HTTPResponse):
    """An answer whose head must be whole, after at most eight interim answers."""

    def begin(self) -> None:
        file: Any = self.fp
        head: Any = _Head(file)
        self.fp = head
        super().begin()
        self.fp = file
        # http.client takes the end of the connection for the end of the head: without this, a head cut
        # short, by the receiver or by our own watchdog, would count as the receiver's answer.
        if head.last_line not in (b"\r\n", b"\n"):
            raise http.client.HTTPException("The head ended early.")
        current().head_at = time.monotonic()

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM + 1):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # private, so typeshed leaves it out
            exchange = current()
            if exchange.first_byte_at is None:
                exchange.first_byte_at = time.monotonic()
            # http.client skips 100 alone and would take "103 Early Hints" for the answer.
            if status == http.HTTPStatus.SWITCHING_PROTOCOLS or not 100 <= status < 200:
                return version, status, reason
            self._skip_headers()
        raise http.client.HTTPException("There is no end of interim answers.")

    def _skip_headers(self) -> None:
        for _ in range(MAX_INTERIM_LINES):
            line = self.fp.readline(MAX_LINE)
            if line in (b"\r\n", b"\n"):
                return
            if not line.endswith(b"\n"):
                break
        raise http.client.HTTPException("An interim answer does not end.")


class _Guarded(HTTPConnection):
    """A connection that only `dial` opens."""

    response_class = _Answer
    dialled_ip: str | None = None
    dialled_at = 0.0
    _held: list[bytes] | None = None

    def _new_conn(self) -> socket.socket:
        exchange = current()
        sock = dial(exchange, self.host, self.port, is_proxy=self.proxy is not None)
        self.dialled_ip = exchange.ip
        self.dialled_at = time.monotonic()
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = current()
        if self.sock is not None:
            exchange.ip = self.dialled_ip
            exchange.watch(self.sock)
        # urllib3 would give the sending of the body only the time meant for connecting.
        self.timeout = max(0.001, exchange.deadline.left)
        held = self._held = []
        try:
            super().request(*args, **kwargs)
        finally:
            self._held = None
        try:
            self.send(b"".join(held))
        finally:
            if self.sock is not None:
                exchange.sent_at = time.monotonic()

    def send(self, data: Any) -> None:
        # Head and body go out in one piece: two cost a system call and a packet more for each delivery.
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

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
        except ssl.SSLError as exc:
            if exchange.deadline.has_passed:
                raise NotConnected("deadline", OUT_OF_TIME) from exc
            raise NotConnected("tls_error", tls_sentence(exc, host=self.host)) from exc
        except ConnectionError as exc:
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
    """The adapter of one process: its pools, one TLS context, and answers as urllib3 gives them."""

    def __init__(self, *, hosts: int, threads: int, ca_file: str | None = None) -> None:
        self._tls = _tls_context(ca_file)
        super().__init__(pool_connections=hosts, pool_maxsize=threads, max_retries=0, pool_block=False)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Make the pools of guarded connections."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._tls, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make the pools of connections through our own outbound proxy."""
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **proxy_kwargs
        )
        manager.pool_classes_by_scheme = POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: dict[str, str] | None = None, cert: Any = None
    ) -> Any:
        """Return the pool of the request's host; requests itself would parse the URL four times for it."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        url = urlsplit(request.url)
        return self.poolmanager.connection_from_host(url.hostname, url.port, url.scheme)

    def request_url(self, request: Any, proxies: dict[str, str] | None) -> Any:
        """Return what stands in the request's first line."""
        return super().request_url(request, proxies) if proxies else request.path_url

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: our TLS context always checks; requests would read its authorities each time."""

    def build_response(self, req: Any, resp: BaseHTTPResponse) -> Any:  # noqa: ARG002 - the parent's
        """Return urllib3's answer itself; a requests.Response would also collect cookies."""
        return resp

    def close_old(self) -> None:
        """Close every idle connection that is past its time."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - this container refuses to be iterated
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.close_old()


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Verified TLS of at least 1.2; made by hand, because the usual ways read the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _is_not_ours(_: logging.LogRecord) -> bool:
    """Keep urllib3 from logging what a receiver answered, and the listener's URL with it."""
    return not is_sending()


for _name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response"):
    logging.getLogger(_name).addFilter(_is_not_ours)
