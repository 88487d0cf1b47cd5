"""Where does a listener stand on the failure ladder, and what comes next? As its page and the lists show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webhooks_app.engine import ladder
from webhooks_app.storage import ids
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries import health
from webhooks_app.web.shared import engine, session

MISSED = timedelta(seconds=10)  # a probe that is so late had nothing to send


@dataclass(frozen=True, slots=True)
class Trouble:
    """A listener's failures in a row. `next`: what happens next, at `next_at` where that is known.

    `disabled_at`: when it will be disabled unless an attempt succeeds; None while that is far away.
    """

    failures: int
    since: datetime
    next: str
    next_at: datetime | None
    disabled_at: datetime | None
    failures_to_disable: int  # how many more it takes besides the time


def troubles(listeners: Sequence[Listener]) -> dict[str, Trouble]:
    """The troubles of these listeners by shown id; who is well, or stands still anyway, is missing."""
    rows = health.since_success(session(), [one.id for one in listeners])
    now = engine().clock()
    found = {}
    for one in listeners:
        if one.id in rows and one.state in (State.ACTIVE, State.FAILING):
            trouble = trouble_of(rows[one.id], state=one.state, now=now)
            if trouble is not None:
                found[ids.shown(ids.LISTENER, one.id)] = trouble
    return found


def trouble_of(row: ListenerHealth, *, state: str, now: datetime) -> Trouble | None:
    """One listener's trouble. Pure."""
    if row.first_failure_at is None:
        return None
    is_failing = state == State.FAILING
    next_, next_at = _probe(row, now=now) if is_failing else ("", None)
    is_near = is_failing or row.warned_at is not None
    return Trouble(
        failures=row.failures,
        since=row.first_failure_at,
        next=next_,
        next_at=next_at,
        disabled_at=row.first_failure_at + ladder.DISABLED_AFTER if is_near else None,
        failures_to_disable=max(ladder.DISABLED_FAILURES - row.failures, 0),
    )


def _probe(row: ListenerHealth, *, now: datetime) -> tuple[str, datetime | None]:
    if row.probe_id is not None:
        return "a probe is under way", None
    if row.probe_at is not None and row.probe_at < now - MISSED:
        return "the next event is the probe", None
    return "next probe", row.probe_at
