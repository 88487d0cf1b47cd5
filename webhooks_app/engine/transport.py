"""How is one Message sent, and what came of it?

`Transport.send` never raises: whatever a receiver does becomes an Outcome. It uses the adapter of
`requests` directly, so that redirects, cookies, .netrc, proxies and authorities of the environment cannot
take part, and fills the request by hand, which a session does at several times the cost.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

from requests import PreparedRequest
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.poolmanager import PoolManager
from urllib3.response import BaseHTTPResponse

from webhooks_app.engine.address_guard import GuardedAdapter, place_of
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.deadline import Watchdog
from webhooks_app.engine.dial import check_literal
from webhooks_app.engine.exchange import Exchange, enter
from webhooks_app.engine.failures import (
    lost_idle_connection,
    out_of_time,
    why_no_answer,
    why_not_accepted,
)
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.resolver import LookUp, Resolver, system_look_up
from webhooks_app.errors import SettingError, WebhooksError

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 5.0
MAX_STORED_HEADERS = 64
MAX_STORED_HEADER_BYTES = 8 * 1024
MAX_SHOWN_LOCATION = 500

_PIECE = 8192
# PostgreSQL refuses NUL in text, and a terminal obeys the others.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


# What the guard overrides; without one of them it would be passed by in silence.
_HOOKS = (
    (HTTPConnection, "_new_conn"),
    (HTTPConnectionPool, "_get_conn"),
    (HTTPConnectionPool, "_put_conn"),
    (HTTPConnectionPool, "ConnectionCls"),
    (PoolManager, "connection_from_host"),
    (PoolManager, "connection_from_pool_key"),
)


class GuardNotEffective(WebhooksError):
    """The address guard does not hold with the urllib3 that is installed, so nothing will be sent."""


@dataclass(frozen=True, slots=True)
class _Process:
    """What cannot be shared over a fork: connections, and threads."""

    adapter: GuardedAdapter
    resolver: Resolver
    watchdog: Watchdog


class Transport:
    """Sends messages; one for a policy, shared by all threads, usable before and after a fork.

    `resolver` is called as socket.getaddrinfo(name, port). `threads` is how many connections to one host
    are kept, `hosts` to how many hosts. With `proxy` (http:// or https://) the proxy looks names up, and
    filtering their addresses is its job. `ca_file` is a PEM file of authorities trusted besides the
    public ones. Raises `SettingError` for a proxy that cannot be used.
    """

    def __init__(
        self,
        policy: NetworkPolicy,
        *,
        resolver: LookUp = system_look_up,
        threads: int = 64,
        hosts: int = 512,
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        if proxy and urlsplit(proxy).scheme not in ("http", "https"):
            raise SettingError("WEBHOOKS_OUTBOUND_PROXY: an http:// or https:// URL is wanted.")
        self.policy = policy
        self._look_up = resolver
        self._threads = threads
        self._hosts = hosts
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._ca_file = ca_file
        # The parts of a parent process stay here after a fork: to let go of them would close its connections
        # under locks that may have been held at that moment.
        self._processes: dict[int, _Process] = {}

    def send(self, message: Message) -> Outcome:
        """Send the message and say what came of it, within its timeout."""
        process = self._here()
        try:
            exchange = Exchange(
                policy=self.policy,
                resolver=process.resolver,
                watchdog=process.watchdog,
                timeout_seconds=message.timeout_seconds,
            )
        except RuntimeError:
            return Outcome(error_class="internal", error="This machine has no more threads for deadlines.")
        enter(exchange)
        try:
            answer = self._exchanged(process.adapter, exchange, message)
            if exchange.deadline.has_passed:
                # The shut socket can look like an answer's end: what came is not to be trusted.
                answer.close()
                return _failed(exchange, *out_of_time(message.timeout_seconds))
            return _outcome(exchange, answer)
        except Exception as exc:  # noqa: BLE001 - any failure is an attempt's result, and is recorded as one.
            return _failed(exchange, *why_no_answer(exc, exchange, timeout_seconds=message.timeout_seconds))
        finally:
            exchange.finish()
            enter(None)

    def self_test(self) -> None:
        """Make sure that the guard stands between `requests` and the network.

        Raises `GuardNotEffective`; nothing may be sent then. It dials nothing but a socket of its own.
        """
        if not all(hasattr(owner, name) for owner, name in _HOOKS):
            raise GuardNotEffective
        strict = Transport(NetworkPolicy(), threads=1, hosts=2)
        try:
            with socket.create_server(("127.0.0.1", 0)) as trap:
                trap.setblocking(False)
                for scheme in ("http", "https"):
                    _expect_refusal(strict, f"{scheme}://127.0.0.1:{trap.getsockname()[1]}/")
                _expect_no_visit(trap)
        finally:
            strict.close()

    def close(self) -> None:
        """Close this process's idle connections and end its watchdog; a later send begins anew."""
        process = self._processes.pop(os.getpid(), None)
        if process is not None:
            process.watchdog.close()
            process.adapter.close()

    def _here(self) -> _Process:
        pid = os.getpid()
        process = self._processes.get(pid)
        if process is None:
            process = self._processes.setdefault(pid, self._begin())
        return process

    def _begin(self) -> _Process:
        adapter = GuardedAdapter(hosts=self._hosts, threads=self._threads, ca_file=self._ca_file)
        return _Process(adapter, Resolver(self._look_up), Watchdog(housekeeping=adapter.close_old))

    def _exchanged(self, adapter: GuardedAdapter, exchange: Exchange, message: Message) -> BaseHTTPResponse:
        if self._proxies:
            check_literal(exchange, urlsplit(message.url).hostname or "")
        request = PreparedRequest()
        request.method = "POST"
        request.url = message.url
        request.headers = {  # type: ignore[assignment]  # requests takes any mapping
            "Host": place_of(message.url).host_field,
            "Accept-Encoding": "identity",
            "Content-Length": str(len(message.body)),  # as requests looks for it
            **dict(message.headers),
        }
        request.body = message.body
        try:
            return adapter.send(request, proxies=self._proxies, trusted_ca=message.trusted_ca)
        except Exception as error:
            if not lost_idle_connection(error, exchange):
                raise
        # A receiver may close an idle connection in the very moment that we use it again (RFC 9112 §9.3.1). It
        # has most likely not read the request; if it has, `webhook-id` tells it so.
        exchange.begin_anew()
        return adapter.send(request, proxies=self._proxies, trusted_ca=message.trusted_ca)


def _outcome(exchange: Exchange, answer: BaseHTTPResponse) -> Outcome:
    body, truncated = _body(exchange, answer)
    headers = _stored_headers(answer)
    error_class, error = None, None
    if not 200 <= answer.status < 300:
        error_class, error = why_not_accepted(answer.status, _location(answer))
    return Outcome(
        status_code=answer.status,
        error_class=error_class,
        error=error,
        ip=exchange.ip,
        skipped_ips=exchange.skipped_ips,
        response_headers=headers,
        response_body=body,
        truncated=truncated,
        timings=exchange.timings(),
    )


def _failed(exchange: Exchange, error_class: str, error: str) -> Outcome:
    return Outcome(
        error_class=error_class,
        error=error,
        ip=exchange.ip,
        skipped_ips=exchange.skipped_ips,
        timings=exchange.timings(),
    )


def _body(exchange: Exchange, answer: BaseHTTPResponse) -> tuple[bytes, str]:
    """Read as much of the body as is kept, and say why it is not the whole."""
    if answer.status == 101:
        # What follows is no HTTP any more.
        answer.close()
        return b"", ""
    exchange.limit_rest(BODY_SECONDS)
    pieces: list[bytes] = []
    wanted = MAX_BODY_BYTES + 1
    truncated = ""
    try:
        while wanted > 0:
            piece = answer.read1(min(_PIECE, wanted), decode_content=False)
            if not piece:
                break
            pieces.append(piece)
            wanted -= len(piece)
            if answer.length_remaining == 0:
                break
    except Exception:  # noqa: BLE001 - the head has decided the outcome; the body is only for the log.
        # The socket's own timeout may come a moment before the watchdog.
        truncated = "time" if exchange.deadline.has_passed else "broken"
    if exchange.deadline.fired:
        truncated = "time"
    elif wanted <= 0:
        truncated = "size"
    if truncated:
        answer.close()
    return b"".join(pieces)[:MAX_BODY_BYTES], truncated


def _stored_headers(answer: BaseHTTPResponse) -> tuple[tuple[str, str], ...]:
    received_all = tuple(answer.headers.iteritems())
    if len(received_all) <= MAX_STORED_HEADERS and _needs_no_change("".join(chain(*received_all))):
        return received_all
    kept: list[tuple[str, str]] = []
    room = MAX_STORED_HEADER_BYTES
    for received_name, received in received_all:
        name = _printable(received_name)
        room -= len(name.encode())
        value = _cut(_printable(received), room)
        room -= len(value.encode())
        if room < 0 or len(kept) == MAX_STORED_HEADERS:
            break
        kept.append((name, value))
    return tuple(kept)


def _needs_no_change(text: str) -> bool:
    """Whether all headers' names and values are as they may be stored: as a rule, and quickly found out."""
    return len(text) <= MAX_STORED_HEADER_BYTES and text.isascii() and text.isprintable()


def _cut(text: str, size: int) -> str:
    """The text's beginning, of at most that many bytes of UTF-8."""
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[: max(0, size)].decode(errors="ignore")


def _location(answer: BaseHTTPResponse) -> str | None:
    location = answer.headers.get("location")
    return _printable(location)[:MAX_SHOWN_LOCATION] if location else None


def _printable(text: str) -> str:
    return text if text.isprintable() else _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _expect_refusal(strict: Transport, url: str) -> None:
    outcome = strict.send(Message(url=url, headers=(), body=b"", timeout_seconds=1.0))
    if outcome.error_class != "ip_not_public":
        raise GuardNotEffective


def _expect_no_visit(trap: socket.socket) -> None:
    try:
        connection, _ = trap.accept()
    except BlockingIOError:
        return
    connection.close()
    raise GuardNotEffective
