"""Why did a delivery not arrive, and what can be done now? One verdict in words, from its last attempt.

Pure and table-driven: `causes` has one row for each way to fail; for deliveries that wait or are held, there
is one row a reason here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from webhooks_app.engine import candidates, unsealed
from webhooks_app.schedule import LONGEST_WAIT
from webhooks_app.storage.models import State, Status
from webhooks_app.web.causes import cause_of
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
    alike: int | None = None  # how many of the attempts ended like the last; None: all of them
    is_tls: bool = False  # whether the last attempt went to an https URL
    span: timedelta = timedelta()  # from the first attempt to the last
    retry_after: str | None = None
    asked_wait: timedelta | None = None  # what Retry-After means
    least_wait: timedelta = timedelta()  # what is waited after such an answer, whatever it asks for
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`level` is bad, warn or info; `evidence` says what is known to work or not; `steps` what to do."""

    title: str
    evidence: str
    steps: str
    level: str = "bad"


_HELD = {
    candidates.HELD_BECAUSE[State.PAUSED]: Diagnosis(
        "The listener is paused", "Nothing is lost: its deliveries wait here.",
        "Resume the listener to send them all, or retry this one alone.", "info",
    ),
    candidates.HELD_BECAUSE[State.FAILING]: Diagnosis(
        "The listener is failing", "So much failed in a row that its deliveries are kept back.",
        "One of them is tried now and then, and all follow when it arrives. Retry this one to try it now.", "warn",
    ),
    candidates.HELD_BECAUSE[State.DISABLED]: Diagnosis(
        "The listener is disabled", "The receiver wanted nothing more, or took nothing for days.",
        "The listener's page says why. When the receiver is well again, resume the listener, or retry this one alone.",
        "warn",
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
_LONGEST_SPAN = 13  # digits of seconds that a timedelta can hold


def diagnose(facts: Facts) -> Diagnosis | None:
    """The verdict on a delivery; None where nothing went wrong and nothing stands in its way."""
    if facts.status == Status.HELD:
        return _held(facts)
    if facts.status == Status.CANCELLED:
        return Diagnosis("Cancelled", facts.reason, "Retry to send it after all.", "info")
    row = cause_of(facts.error_class, facts.error)
    if row is None or facts.status == Status.DELIVERED:
        return None
    return Diagnosis(
        title=f"{row.title.format(code=facts.status_code)}{_extent(facts)}.",
        evidence=_sentences(_own_words(facts), row.evidence.format(network=_network(facts))),
        steps=_sentences(row.steps, _asked(facts)),
        level="bad" if facts.status == Status.FAILED else "warn",
    )


def _held(facts: Facts) -> Diagnosis:
    for start, found in ((_FILTER_UNUSABLE, _BROKEN_FILTER), (_SETTINGS_UNUSABLE, _BROKEN_SETTINGS)):
        if facts.reason.startswith(start):
            return replace(found, evidence=_sentences(facts.reason, found.evidence))
    return _HELD.get(facts.reason) or Diagnosis("Held", facts.reason, "Retry to send it now.", "warn")


def _extent(facts: Facts) -> str:
    """How often, and over how long: on all 8 attempts over 3 h 10 m."""
    is_over = facts.status == Status.FAILED
    if facts.attempts < 2:
        return " on the only attempt" if is_over else ""
    over = f" over {duration(facts.span)}" if is_over and facts.span else ""
    if facts.alike is None or facts.alike >= facts.attempts:
        them = "both" if facts.attempts == 2 else f"all {facts.attempts}"
        return f" on {them} attempts{over if is_over else ' so far'}"
    return f" on the last of {facts.attempts} attempts{over}" if is_over else f" on attempt {facts.attempts}"


def _network(facts: Facts) -> str:
    """What an answer proves to be fine."""
    return "the network and TLS are" if facts.is_tls else "the network is"


def _own_words(facts: Facts) -> str:
    """Our sentence about the attempt, where it says more than the row does."""
    return "" if _CODE.fullmatch(facts.error_class or "") else facts.error or ""


def _asked(facts: Facts) -> str:
    """What the last answer's headers ask for."""
    if facts.location and facts.error_class and facts.error_class.startswith("http_3"):
        return f"The answer names “{facts.location}”."
    if facts.retry_after:
        return f"It asked to wait (Retry-After): {_wait_in_words(facts)}."
    return ""


def _wait_in_words(facts: Facts) -> str:
    text = facts.retry_after.strip() if facts.retry_after else ""
    seconds = int(text) if text.isdecimal() and len(text) <= _LONGEST_SPAN else None
    said = text if seconds is None else duration(timedelta(seconds=seconds))
    is_longer = text.isdecimal() if seconds is None else seconds > LONGEST_WAIT.total_seconds()
    is_cut = is_longer or (facts.asked_wait is not None and facts.asked_wait > LONGEST_WAIT)
    if facts.status != Status.RETRYING:
        return said
    if is_cut:
        return f"{said}, which was cut to {LONGEST_WAIT // timedelta(hours=1)} h"
    if facts.asked_wait is not None and facts.asked_wait < facts.least_wait:
        return f"{said}. After such an answer at least {duration(facts.least_wait)} is waited all the same"
    return said


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
