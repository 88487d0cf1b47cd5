"""How is a socket opened to an address that was checked, and to no other?

The name is looked up once; its addresses are checked; the socket goes to one of those very addresses. A
name server that answers differently the next time gains nothing, because there is no next time.
"""

from __future__ import annotations

import errno
import socket
import time
from ipaddress import ip_address
from typing import Any

from webhooks_app.engine.exchange import Exchange, NotConnected, since
from webhooks_app.engine.resolver import NameTimeout, NameUnknown, Records

CONNECT_SECONDS = 5.0
MAX_ADDRESSES = 8
OUT_OF_TIME = "The time was over before there was a connection."
_OUT_OF_SOCKETS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def dial(exchange: Exchange, host: str, port: int, *, is_proxy: bool) -> socket.socket:
    """Open a socket to a host name or address, checked unless it is our own outbound proxy.

    Raises `NotConnected`. The socket's timeout is what is left of the deadline.
    """
    found = _records(exchange, host, port, is_proxy=is_proxy)
    records = found if is_proxy else _allowed(exchange, found)
    exchange.skipped_ips = _skipped(found, records)
    if not records:
        raise NotConnected("ip_not_public", _not_public(host, exchange.skipped_ips))
    started_at = time.monotonic()
    failure: OSError | None = None
    for family, _, _, _, address in _first_of_each(records):
        if exchange.deadline.has_passed:
            break
        try:
            sock = _connected(exchange, family, (address[0], port, *address[2:]))
        except OSError as exc:
            failure = exc
            continue
        exchange.connect_ms = since(started_at)
        exchange.connected_at = time.monotonic()
        exchange.ip = address[0]
        return sock
    error_class, sentence = _not_connected(exchange, host, port, failure)
    raise NotConnected(error_class, sentence + _passed_over(exchange.skipped_ips))


def check_literal(exchange: Exchange, host: str) -> None:
    """Refuse a host that is written as an address we would not dial, although a proxy would dial it."""
    if _is_address(host) and not exchange.policy.allows(host):
        raise NotConnected("ip_not_public", f"{host} is not a public address.")


def _records(exchange: Exchange, host: str, port: int, *, is_proxy: bool) -> Records:
    if _is_address(host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 0, "", (host, port))]
    # A final dot keeps the machine's search domains out: "example.com" must not become
    # "example.com.cluster.local". Names of the hosts file, which only a setting lets in, fail with it.
    asked = host if is_proxy or exchange.policy.names_host(host) else f"{host}."
    started_at = time.monotonic()
    try:
        return exchange.resolver.records(asked, port, within_seconds=exchange.deadline.left)
    except NameTimeout:
        raise NotConnected("dns_timeout", f"The look-up of {host} took too long.") from None
    except NameUnknown:
        raise NotConnected("dns_failure", f"{host} has no address.") from None
    finally:
        exchange.dns_ms = since(started_at)


def _allowed(exchange: Exchange, records: Records) -> Records:
    return [record for record in records if exchange.policy.allows(record[4][0])]


def _skipped(found: Records, dialled: Records) -> tuple[str, ...]:
    """The addresses of the name that are not tried, because they are not public."""
    if len(found) == len(dialled):
        return ()
    addresses = dict.fromkeys(str(record[4][0]) for record in found if record not in dialled)
    return tuple(addresses)[:MAX_ADDRESSES]


def _not_public(host: str, addresses: tuple[str, ...]) -> str:
    if _is_address(host):
        return f"{host} is not a public address."
    return f"{host} resolves only to addresses that are not public: {', '.join(addresses)}"


def _first_of_each(records: Records) -> list[tuple[Any, Any, int, str, tuple[Any, ...]]]:
    by_address = {record[4][0]: record for record in reversed(records)}
    return list(reversed(by_address.values()))[:MAX_ADDRESSES]


def _connected(exchange: Exchange, family: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(0.001, min(CONNECT_SECONDS, exchange.deadline.left)))
        sock.connect(address)
        # A TLS handshake takes the file from this socket object, out of the watchdog's reach. It ends in
        # time all the same: Python holds a handshake as a whole to the socket's timeout.
        sock.settimeout(max(0.001, exchange.deadline.left))
        exchange.watch(sock)
    except BaseException:  # whatever ends it, also Ctrl-C: no socket stays open
        sock.close()
        raise
    return sock


def _not_connected(exchange: Exchange, host: str, port: int, failure: OSError | None) -> tuple[str, str]:
    """The error class, and the sentence for people."""
    if exchange.deadline.has_passed:
        return "deadline", OUT_OF_TIME
    if isinstance(failure, TimeoutError):
        return "connect_timeout", f"{host} did not answer on port {port} in time."
    if isinstance(failure, ConnectionRefusedError):
        return "connect_refused", f"{host} refused the connection on port {port}."
    if failure is not None and failure.errno in _OUT_OF_SOCKETS:
        return "internal", "This machine has no more sockets for new connections."
    return "connect_refused", f"{host} cannot be reached on port {port}."


def _passed_over(addresses: tuple[str, ...]) -> str:
    return f" Not tried, because not public: {', '.join(addresses)}." if addresses else ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
