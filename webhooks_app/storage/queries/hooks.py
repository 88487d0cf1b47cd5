"""What happened to each hook? Its events, its listeners, and what kept it from sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Event, HookProblem, Listener, State


@dataclass(frozen=True, slots=True)
class Activity:
    """A hook's events in a span of time, its last event ever, and its listeners by what they do."""

    events: int = 0
    last_event_at: datetime | None = None
    active: int = 0
    paused: int = 0
    failing: int = 0
    disabled: int = 0

    @property
    def listeners(self) -> int:
        """All its listeners."""
        return self.active + self.paused + self.failing + self.disabled


def activity(session: Session, since: datetime) -> dict[str, Activity]:
    """The activity of every hook that has events or listeners; a name that is missing has neither."""
    counts = _events(session, since)
    last = _last_events(session)
    states = _listeners(session)
    return {
        hook: Activity(events=counts.get(hook, 0), last_event_at=last.get(hook), **states.get(hook, {}))
        for hook in sorted(counts.keys() | last.keys() | states.keys())
    }


def problems(session: Session) -> dict[str, HookProblem]:
    """What last kept each hook from sending, by its name."""
    return {problem.hook: problem for problem in session.scalars(sa.select(HookProblem))}


def is_kept(session: Session, name: str) -> bool:
    """Whether there is an event or a listener of a hook of this name, be it registered no longer."""
    kept = (sa.exists().where(kind.hook == name) for kind in (Event, Listener))
    return bool(session.scalar(sa.select(sa.or_(*kept))))


def _events(session: Session, since: datetime) -> dict[str, int]:
    query = (
        sa.select(Event.hook, sa.func.count())
        .where(Event.created_at >= since, Event.test.is_(False))
        .group_by(Event.hook)
    )
    return dict(session.execute(query).all())


def _last_events(session: Session) -> dict[str, datetime]:
    query = sa.select(Event.hook, sa.func.max(Event.created_at)).group_by(Event.hook)
    return dict(session.execute(query).all())


def _listeners(session: Session) -> dict[str, dict[str, int]]:
    query = (
        sa.select(Listener.hook, Listener.state, sa.func.count())
        .where(Listener.deleted_at.is_(None))
        .group_by(Listener.hook, Listener.state)
    )
    found: dict[str, dict[str, int]] = {}
    for hook, state, count in session.execute(query):
        found.setdefault(hook, {})[State(state).value] = count
    return found
