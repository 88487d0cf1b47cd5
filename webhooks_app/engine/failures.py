"""Why was there no answer, as a fixed word for programs and a sentence for people?

An exception's own text never reaches a page: it would show what the receiver sent, or how we are built.
"""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Iterator
from http import HTTPStatus

from webhooks_app.engine.answer import HeadTooLarge
from webhooks_app.engine.exchange import Exchange, NotConnected

_log = logging.getLogger(__name__)

CLASSES = (
    "ip_not_public", "dns_failure", "dns_timeout", "connect_refused", "connect_timeout", "tls_error", "read_timeout",
    "deadline", "protocol_error", "worker_lost", "secret_unavailable", "superseded", "internal",
)  # fmt: skip
"""Every error class there is, but those of answers: http_ and the status code."""

# What the class protocol_error holds: the sentence is kept with the attempt, and the pages tell them apart by it.
CLOSED = "The receiver closed the connection without an answer."
BROKEN = "The receiver broke the connection before its answer."
LARGE_HEAD = (
    "The header of the receiver's answer is larger than we read: 100 lines, 64 KiB a line, 256 KiB in all."
)
NOT_HTTP = "The receiver's answer is not valid HTTP."


def why_no_answer(error: Exception, exchange: Exchange, *, timeout_seconds: float) -> tuple[str, str]:
    """Return the error class and the sentence for an exception that ended the exchange."""
    if isinstance(error, NotConnected):
        return error.error_class, str(error)
    if exchange.deadline.has_passed:
        return out_of_time(timeout_seconds)
    causes = list(_chain(error))
    for kind, found in _BY_KIND:
        if any(isinstance(cause, kind) for cause in causes):
            return found
    if exchange.sent_at is not None:
        return "protocol_error", NOT_HTTP
    if any(isinstance(cause, OSError) for cause in causes) and exchange.connected_at is not None:
        return "connect_refused", "The outbound proxy did not open the connection."
    _log.error("A request could not be sent.", exc_info=error)
    return "internal", "The request could not be sent; the log says why."


def lost_idle_connection(error: Exception, exchange: Exchange) -> bool:
    """Whether a connection that was kept open turned out to be closed, before any answer came over it."""
    was_kept = exchange.ip is not None and exchange.connected_at is None
    if not was_kept or exchange.first_byte_at is not None or exchange.deadline.has_passed:
        return False
    return any(isinstance(cause, _CLOSED) for cause in _chain(error))


def out_of_time(timeout_seconds: float) -> tuple[str, str]:
    """Return what to say when the deadline came first."""
    return "deadline", f"There was no complete answer within {timeout_seconds:g} seconds."


def why_not_accepted(status: int, location: str | None) -> tuple[str, str]:
    """Return the error class and the sentence for an answer that is not a 2xx."""
    if 300 <= status < 400 and location:  # in the words of row 9 of the security plan
        sentence = f"Receiver answered {status}; redirects are not followed. Change the URL to {location}"
    elif 300 <= status < 400:
        sentence = f"Receiver answered {status}; redirects are not followed."
    else:
        sentence = f"The receiver answered {status}{_phrase(status)}."
    return f"http_{status}", sentence


def _phrase(status: int) -> str:
    # The standard's words: the receiver's own may be anything.
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


# How a closed connection shows itself, without and with TLS.
_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_BY_KIND: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], tuple[str, str]], ...] = (
    (ssl.SSLError, ("tls_error", "The TLS connection broke.")),
    ((HeadTooLarge, http.client.LineTooLong), ("protocol_error", LARGE_HEAD)),
    (TimeoutError, ("read_timeout", "The receiver did not answer in time.")),
    (http.client.RemoteDisconnected, ("protocol_error", CLOSED)),
    (ConnectionError, ("protocol_error", BROKEN)),
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it stems from; urllib3 and requests wrap several layers deep."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting.extend(cause for cause in inner if isinstance(cause, BaseException))
