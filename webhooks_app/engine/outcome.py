"""What came of one attempt: the answer, or why there was none, with its timings.

Plain data. `transport` makes it, `retry` and `deliver` read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GONE = "The receiver answered 410 Gone."  # said of the attempt, of its delivery and of the listener, in one voice


@dataclass(slots=True)  # not frozen: see Outcome
class Timings:
    """Milliseconds of each phase of an attempt; None where the phase was not reached or not needed.

    The phase in which an attempt failed counts until then: a receiver that hangs shows as waiting.
    """

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    read_ms: float | None = None
    total_ms: float = 0.0


@dataclass(slots=True)
class Outcome:
    """The result of one HTTP request.

    Nobody changes one. But to make a frozen one takes three times as long, and a delivery makes half a dozen.

    `status_code` is set when a whole answer head arrived within the deadline. `error_class` is None for
    2xx, `http_<status>` for every other answer, and else one of: ip_not_public dns_failure dns_timeout
    connect_refused connect_timeout tls_error read_timeout deadline protocol_error secret_unavailable
    internal. `error` is our sentence for people, never an exception's repr.
    `response_body` holds at most 64 KiB; `truncated` says why it is not the whole:
    "" (it is), "size", "time" or "broken"; an attempt is kept with "discard" (`storage.models.DISCARD`) where its
    listener has bodies discarded.
    `skipped_ips` are the addresses of the receiver's name that were not dialled because they are not public, when
    the connection was made: at most eight.
    """

    status_code: int | None = None
    error_class: str | None = None
    error: str | None = None
    ip: str | None = None
    skipped_ips: tuple[str, ...] = ()
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""
    truncated: str = ""
    timings: Timings = field(default_factory=Timings)

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status_code is not None and 200 <= self.status_code < 300
