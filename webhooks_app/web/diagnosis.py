"""Why did a delivery not arrive, and what can be done now? One verdict in words, from its last attempt.

Pure and table-driven: one row an error class, a status code or a range of them, and for deliveries that
wait or are held, one row a reason. Each row says what happened, what that tells, and the next step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from webhooks_app.engine import candidates, unsealed
from webhooks_app.storage.models import State, Status
from webhooks_app.web.present import duration


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a delivery: its place, its last attempt, and what the last answer's headers ask."""

    status: str
    reason: str = ""
    error_class: str | None = None
    status_code: int | None = None
    error: str | None = None  # our sentence about the last attempt
    attempts: int = 0
    span: timedelta = timedelta()  # from the first attempt to the last
    retry_after: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`level` is bad, warn or info; `evidence` says what is known to work or not; `steps` what to do."""

    title: str
    evidence: str
    steps: str
    level: str = "bad"


@dataclass(frozen=True, slots=True)
class _Row:
    """`title` may hold {code}."""

    title: str
    evidence: str
    steps: str


_ANSWERED = "The receiver answered, so the network and TLS are fine."

_BY_CLASS = {
    "ip_not_public": _Row(
        "The address was refused",
        "The host leads only to addresses inside a network, and nothing was sent there.",
        "Use a public address, or let an administrator add the network to WEBHOOKS_ALLOWED_NETWORKS.",
    ),
    "dns_failure": _Row(
        "The host name was not found",
        "No address is known for this name, so nothing was sent.",
        "Check the spelling of the URL, and that the name still exists in the DNS.",
    ),
    "dns_timeout": _Row(
        "The name servers did not answer",
        "Looking up the host name took too long, so nothing was sent.",
        "If other listeners fail alike, our own name servers are slow; else it is the receiver's zone.",
    ),
    "connect_refused": _Row(
        "The connection was refused",
        "The host is there, but no program listens on that port, or a firewall turns us away.",
        "Ask whether the receiver is running, and check the port in the URL.",
    ),
    "connect_timeout": _Row(
        "No connection within the time allowed",
        "The host did not react at all: it is down, or a firewall drops our packets.",
        "Ask whether the receiver is up and lets our address through.",
    ),
    "tls_error": _Row(
        "The secure connection could not be made",
        "The host is reachable; its certificate or its TLS version was not accepted, and nothing was sent.",
        "The receiver has to renew or complete its certificate chain. Checking it cannot be switched off.",
    ),
    "read_timeout": _Row(
        "The receiver took too long to answer",
        "The request was sent and may have been worked on: the receiver has to recognise its webhook-id.",
        "Answer first and work later, or allow this listener a longer timeout.",
    ),
    "deadline": _Row(
        "No complete answer in the time allowed",
        "The request may have been received and worked on: the receiver has to recognise its webhook-id.",
        "Answer first and work later, or allow this listener a longer timeout.",
    ),
    "protocol_error": _Row(
        "The answer was not valid HTTP",
        "Something answered on that port, and then broke off or did not speak HTTP.",
        "Check that the URL names the right port and scheme (http or https).",
    ),
    "worker_lost": _Row(
        "The worker was lost while sending",
        "A process of ours ended in the middle of the attempt. The receiver may have got it.",
        "Nothing to do at the receiver. If it happens again, look at the worker's log and its memory.",
    ),
    "superseded": _Row(
        "A worker came back late",
        "It had been thought lost, and its answer came after another attempt could begin.",
        "Nothing to do at the receiver. If it happens often, the machine is overloaded.",
    ),
    "secret_unavailable": _Row(
        "The signing secret could not be read",
        "The encryption keys of this process do not open it, so nothing was sent unsigned.",
        "Put the former key back into WEBHOOKS_ENCRYPTION_KEYS, or rotate the listener's secret.",
    ),
    "internal": _Row(
        "The attempt failed inside Webhooks App",
        "The receiver has no part in it.",
        "The worker's log has the details. Retry when the cause is mended.",
    ),
}

_BY_CODE = {
    401: _Row(
        "The receiver wants credentials (401)", _ANSWERED, "Add the header it asks for to the listener."
    ),
    403: _Row(
        "The receiver refuses us (403)",
        _ANSWERED,
        "Check the listener's headers and secret, and whether the receiver lets our address in.",
    ),
    404: _Row("Nothing is at this URL (404)", _ANSWERED, "Check the path in the listener's URL."),
    410: _Row(
        "The receiver is gone (410)",
        f"{_ANSWERED} With 410 it says that it wants nothing more, so the listener was disabled.",
        "If that was a mistake, resume the listener and retry.",
    ),
    408: _Row(
        "The receiver waited too long for us (408)",
        _ANSWERED,
        "It is busy or far away; later attempts may do.",
    ),
    413: _Row("The body is too large for the receiver (413)", _ANSWERED, "It has to accept larger bodies."),
    425: _Row("The receiver asks to come later (425)", _ANSWERED, "Later attempts may do."),
    429: _Row(
        "The receiver gets too many requests (429)",
        _ANSWERED,
        "Set a rate limit on the listener so that it is not overrun.",
    ),
}

_BY_HUNDRED = {
    1: _Row("The answer {code} is no final one", _ANSWERED, "Check that the URL speaks plain HTTP."),
    3: _Row(
        "The receiver answered {code}, a redirect",
        f"{_ANSWERED} It wants the request elsewhere, and redirects are not followed.",
        "Change the listener's URL to where the request belongs.",
    ),
    4: _Row(
        "The receiver refused the request ({code})",
        _ANSWERED,
        "Its answer below should say what it misses. Sending the same again may not help.",
    ),
    5: _Row(
        "Server error {code}",
        _ANSWERED,
        "The fault is the receiver's: its log at the moment of the attempt should tell more.",
    ),
}

_HELD = {
    candidates.HELD_BECAUSE[State.PAUSED]: Diagnosis(
        "The listener is paused", "Nothing is lost: its deliveries wait here.",
        "Resume the listener to send them all, or retry this one alone.", "info",
    ),
    candidates.HELD_BECAUSE[State.FAILING]: Diagnosis(
        "The listener is failing", "So much failed in a row that its deliveries are kept back.",
        "When the receiver is well again, resume the listener.", "warn",
    ),
    candidates.HELD_BECAUSE[State.DISABLED]: Diagnosis(
        "The listener is disabled", "The receiver said that it wants nothing more.",
        "If that was a mistake, resume the listener.", "warn",
    ),
    unsealed.SECRET_UNREADABLE: Diagnosis(
        "The signing secret cannot be read", "Nothing is sent unsigned, so the delivery waits.",
        "Put the former key back into WEBHOOKS_ENCRYPTION_KEYS, or rotate the secret; then retry.", "bad",
    ),
}  # fmt: skip

_FILTER_UNUSABLE = candidates.FILTER_UNUSABLE.partition("{")[0]
_BROKEN_FILTER = Diagnosis(
    "The filter could not be evaluated", "Whether the listener wants this event is not known, so it waits.",
    "Change the listener's filter; then retry, or cancel this delivery.", "warn",
)  # fmt: skip

_SETTINGS_UNUSABLE = unsealed.SETTINGS_UNUSABLE.partition("{")[0]
_BROKEN_SETTINGS = Diagnosis(
    "The settings cannot be used", "Nothing was sent; other listeners are not concerned.",
    "Mend the hook's code and start the workers anew, or the listener's settings; then retry.", "bad",
)  # fmt: skip

_CODE = re.compile(r"http_(\d{3})")


def diagnose(facts: Facts) -> Diagnosis | None:
    """The verdict on a delivery; None where nothing went wrong and nothing stands in its way."""
    if facts.status == Status.HELD:
        return _held(facts)
    if facts.status == Status.CANCELLED:
        return Diagnosis("Cancelled", facts.reason, "Retry to send it after all.", "info")
    row = _row(facts)
    if row is None or facts.status == Status.DELIVERED:
        return None
    return Diagnosis(
        title=f"{row.title.format(code=facts.status_code)}{_extent(facts)}.",
        evidence=_sentences(_own_words(facts), row.evidence),
        steps=_sentences(row.steps, _asked(facts)),
        level="bad" if facts.status == Status.FAILED else "warn",
    )


def _held(facts: Facts) -> Diagnosis:
    for start, found in ((_FILTER_UNUSABLE, _BROKEN_FILTER), (_SETTINGS_UNUSABLE, _BROKEN_SETTINGS)):
        if facts.reason.startswith(start):
            return replace(found, evidence=_sentences(facts.reason, found.evidence))
    return _HELD.get(facts.reason) or Diagnosis("Held", facts.reason, "Retry to send it now.", "warn")


def _row(facts: Facts) -> _Row | None:
    """The row of the last attempt's error class; an answer's code comes before its hundred."""
    found = _CODE.fullmatch(facts.error_class or "")
    if found is None:
        return _BY_CLASS.get(facts.error_class or "")
    code = int(found[1])
    return _BY_CODE.get(code) or _BY_HUNDRED.get(code // 100, _BY_HUNDRED[5])


def _extent(facts: Facts) -> str:
    """How often, and over how long: on all 8 attempts over 3 h 10 m."""
    if facts.attempts < 2:
        return " on the only attempt" if facts.status == Status.FAILED else ""
    which = f"all {facts.attempts} attempts" if facts.status == Status.FAILED else f"attempt {facts.attempts}"
    over = f" over {duration(facts.span)}" if facts.status == Status.FAILED and facts.span else ""
    return f" on {which}{over}"


def _own_words(facts: Facts) -> str:
    """Our sentence about the attempt, where it says more than the row does."""
    return "" if _CODE.fullmatch(facts.error_class or "") else facts.error or ""


def _asked(facts: Facts) -> str:
    """What the last answer's headers ask for."""
    if facts.location and facts.error_class and facts.error_class.startswith("http_3"):
        return f"The answer names “{facts.location}”."
    if facts.retry_after:
        seconds = facts.retry_after.strip()
        when = (
            duration(timedelta(seconds=int(seconds))) if seconds.isdecimal() and len(seconds) < 8 else seconds
        )
        return f"It asked to wait (Retry-After): {when}."
    return ""


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
