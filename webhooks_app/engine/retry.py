"""What follows one attempt to deliver?

Pure: no clock, no database, no network, and no dice: the caller passes `now` and a random number, so that
the whole schedule is tested without waiting for it.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webhooks_app.engine.outcome import GONE, Outcome
from webhooks_app.event import Hook
from webhooks_app.schedule import LONGEST_WAIT, parse_schedule, waits_of
from webhooks_app.settings import Settings

OVERLOADED = frozenset({429, 502, 503, 504})  # answers that ask for room to breathe
TIMED_OUT = frozenset({"connect_timeout", "read_timeout", "deadline"})
BREATHER = timedelta(seconds=60)
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Schedule:
    """The waits after the first, second, … failed attempt. `chosen`: somebody set it, so its short waits count."""

    waits: tuple[timedelta, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver took it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at this moment."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No attempt is left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disable:
    """The receiver wants nothing more of this listener."""

    reason: str


Step = Done | Retry | GiveUp | Disable


def next_step(outcome: Outcome, *, tries: int, now: datetime, schedule: Schedule, chance: float) -> Step:
    """Say what to do after the outcome numbered `tries` (the first is 1); `chance` is a random number in [0, 1)."""
    if outcome.accepted:
        return Done()
    if outcome.status_code == 410:
        return Disable(GONE)
    if tries > len(schedule.waits):
        return GiveUp("The only attempt failed." if tries == 1 else f"All {tries} attempts failed.")
    return Retry(at=now + wait_after(outcome, tries=tries, now=now, schedule=schedule, chance=chance))


def wait_after(
    outcome: Outcome, *, tries: int, now: datetime, schedule: Schedule, chance: float
) -> timedelta:
    """The largest of the schedule with its jitter, a breather after overload, and Retry-After; at most 24 h."""
    wait = schedule.waits[tries - 1] * (1 - JITTER + 2 * JITTER * chance)
    wait = max(wait, least_wait(outcome.status_code, outcome.error_class, schedule=schedule))
    asked = retry_after(outcome.response_headers, now=now)
    if asked is not None:
        wait = max(wait, asked)
    return min(wait, LONGEST_WAIT)


def least_wait(status_code: int | None, error_class: str | None, *, schedule: Schedule) -> timedelta:
    """The breather that an overloaded receiver gets, whatever it asks for; none where somebody chose the schedule."""
    is_overloaded = status_code in OVERLOADED or error_class in TIMED_OUT
    return BREATHER if is_overloaded and not schedule.chosen else timedelta()


def retry_after(headers: Sequence[tuple[str, str]], *, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for (RFC 9110 §10.2.3: seconds or a date); None without a sensible one."""
    value = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    try:
        seconds = float(value)
    except ValueError:
        return _until_date(value, now=now)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


def _until_date(value: str, *, now: datetime) -> timedelta | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(moment - now, timedelta())
    except (ValueError, OverflowError, TypeError, IndexError):  # whatever a receiver writes there
        return None


def schedule_for(listener_schedule: str | None, hook: Hook | None, settings: Settings) -> Schedule:
    """The schedule that counts: the listener's, then the hook's, then the setting's; `max_retries` cuts it."""
    if listener_schedule is not None:
        return Schedule(parse_schedule(listener_schedule), chosen=True)
    if hook is None:
        return Schedule(settings.retry_schedule, chosen=settings.retry_schedule_is_set)
    chosen = settings.retry_schedule_is_set
    waits = settings.retry_schedule
    if hook.retry is False:
        return Schedule((), chosen=True)
    if hook.retry is not True:
        waits, chosen = waits_of(hook.retry), True
    return Schedule(_cut(waits, hook.max_retries), chosen=chosen)


def timeout_for(listener_timeout: float | None, hook: Hook | None, settings: Settings) -> float:
    """Seconds an attempt may take in all: the listener's, then the hook's, then the setting's."""
    if listener_timeout is not None:
        return listener_timeout
    if hook is not None and hook.timeout is not None:
        return float(hook.timeout)
    return settings.timeout_seconds


def _cut(waits: tuple[timedelta, ...], most: int | None) -> tuple[timedelta, ...]:
    """At most `most` waits; a schedule that is too short repeats its last one."""
    if most is None or not waits:
        return waits
    return (waits + waits[-1:] * most)[:most]
