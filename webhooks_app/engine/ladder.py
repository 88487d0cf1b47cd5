"""What does a row of failed attempts mean for a listener? The failure ladder: failing, warned, disabled.

Pure: no clock, no database, no dice. The caller passes what is known of the listener, `now` and a random number,
and gets the next step, so that five days are tested in a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from webhooks_app.engine.outcome import GONE
from webhooks_app.storage.models import State

# Failing: so many failed attempts in a row, of so many deliveries, over so long.
FAILURES = 10
DELIVERIES = 3
SPAN = timedelta(seconds=60)
# The waits before the first, second, … probe; the last one goes on for ever.
PROBES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 30, 60))
JITTER = 0.2
# A probe whose outcome is not known by then: its worker was lost, or somebody cancelled it.
PROBE_LOST = timedelta(minutes=5)

WARNED_AFTER = timedelta(hours=72)
WARNED_FAILURES = 4  # an attempt or two that failed long ago are no trouble
DISABLED_AFTER = timedelta(hours=120)
DISABLED_FAILURES = 20

LONGEST_ERROR = 500  # characters; a receiver may answer with an endless Location


@dataclass(frozen=True, slots=True)
class Health:
    """How a listener has done since its last success."""

    failures: int = 0
    deliveries: tuple[str, ...] = ()
    first_failure_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_error: str = ""
    warned_at: datetime | None = None
    is_gone: bool = False
    is_failing: bool = False
    has_succeeded: bool = False
    probes: int = 0
    probe_id: str | None = None
    probe_at: datetime | None = None
    backlog_at: datetime | None = None  # when more of its deliveries are held, or let go, as its state says


@dataclass(frozen=True, slots=True)
class Fail:
    """The listener is failing from now on."""

    reason: str
    probe_at: datetime


@dataclass(frozen=True, slots=True)
class Probe:
    """Let one of its deliveries go."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The probe failed: the next one is at this moment."""

    reason: str
    probe_at: datetime


@dataclass(frozen=True, slots=True)
class Recover:
    """The receiver takes deliveries again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Warn:
    """If it goes on like this, the listener will be disabled at this moment."""

    reason: str
    disabled_at: datetime


@dataclass(frozen=True, slots=True)
class Disable:
    """Nothing is sent until somebody resumes it."""

    reason: str


Step = Fail | Probe | Wait | Recover | Warn | Disable


def after_failure(health: Health, *, delivery_id: str, error: str, is_gone: bool, now: datetime) -> Health:
    """One more attempt failed. If it was the probe's, or one that a person asked for, that probe is over."""
    known = health.deliveries
    if delivery_id not in known and len(known) < DELIVERIES:
        known = (*known, delivery_id)
    later = replace(
        health,
        failures=health.failures + 1,
        deliveries=known,
        first_failure_at=health.first_failure_at or now,
        last_failure_at=now,
        last_error=error[:LONGEST_ERROR],
        is_gone=health.is_gone or is_gone,
    )
    if health.is_failing and delivery_id == health.probe_id:
        return replace(later, probes=health.probes + 1, probe_id=None, probe_at=None)
    return later


def after_success(health: Health) -> Health:
    """One success clears everything, but for a 410; what is failing is yet to be made active."""
    if health.is_gone:
        return health
    return Health(is_failing=health.is_failing, has_succeeded=health.is_failing, backlog_at=health.backlog_at)


def after_late_success(health: Health, *, ended_at: datetime) -> Health:
    """One success that is heard of only now: what failed after it is newer, and counts on."""
    last = health.last_failure_at
    return health if last is not None and last > ended_at else after_success(health)


def next_step(health: Health, state: str, *, since: datetime, now: datetime, chance: float) -> Step | None:
    """What is to be done now with a listener that is in this `state` since then; `chance` is random, in [0, 1)."""
    if state not in (State.ACTIVE, State.FAILING):
        return None
    if health.is_gone:
        return Disable(GONE)
    if state == State.FAILING and health.has_succeeded:
        return Recover(f"The receiver took a delivery again. It had been failing since {_told(since)}.")
    first = health.first_failure_at
    if first is not None and health.failures >= DISABLED_FAILURES and now >= first + DISABLED_AFTER:
        return Disable(f"No success for {_hours(now - first)} hours: {_row_of(health)}")
    if _is_to_be_warned(health) and first is not None and now >= first + WARNED_AFTER:
        return Warn(f"No success for {_hours(now - first)} hours: {_row_of(health)}", first + DISABLED_AFTER)
    if state == State.FAILING:
        return _about_probes(health, now=now, chance=chance)
    if _is_long_enough(health):
        return Fail(_row_of(health), now + probe_wait(0, chance=chance))
    return None


def look_at(health: Health, *, now: datetime) -> datetime | None:
    """When there is a step to take, unless something happens before; None: not by time alone."""
    if health.is_gone or health.has_succeeded:
        return now
    moments = [health.backlog_at] if health.backlog_at is not None else []
    if health.is_failing:
        moments.append(health.probe_at or now)
    elif _is_long_enough(health):
        moments.append(now)
    if health.first_failure_at is not None:
        if _is_to_be_warned(health):
            moments.append(health.first_failure_at + WARNED_AFTER)
        if health.failures >= DISABLED_FAILURES:
            moments.append(health.first_failure_at + DISABLED_AFTER)
    return min(moments, default=None)


def probe_wait(failed: int, *, chance: float) -> timedelta:
    """How long to wait for the next probe after so many that failed, spread by a fifth to both sides."""
    return PROBES[min(failed, len(PROBES) - 1)] * (1 - JITTER + 2 * JITTER * chance)


def _about_probes(health: Health, *, now: datetime, chance: float) -> Step | None:
    if health.probe_at is None:
        return Wait(_row_of(health), now + probe_wait(health.probes, chance=chance))
    return Probe() if now >= health.probe_at else None


def _is_long_enough(health: Health) -> bool:
    if health.failures < FAILURES or len(health.deliveries) < DELIVERIES:
        return False
    first, last = health.first_failure_at, health.last_failure_at
    return first is not None and last is not None and last - first >= SPAN


def _is_to_be_warned(health: Health) -> bool:
    return health.warned_at is None and health.failures >= WARNED_FAILURES


def _row_of(health: Health) -> str:
    since = f" since {_told(health.first_failure_at)}" if health.first_failure_at else ""
    return f"{health.failures:,} attempts in a row failed{since}; the last: {health.last_error}"


def _told(moment: datetime) -> str:
    # In UTC and with its date: the sentence is kept, and read by whoever comes days later.
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _hours(span: timedelta) -> int:
    return span // timedelta(hours=1)
