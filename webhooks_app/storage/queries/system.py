"""How does everything stand? What waits, what is on its way, and the dashboard's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from webhooks_app.storage.models import WAITING, Attempt, Delivery, Event, Listener, State, Status
from webhooks_app.storage.queries.deliveries import by_status


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not finished. Counts stop at the `most` they were asked for."""

    undispatched: int
    oldest_undispatched_at: datetime | None
    waiting: int
    due: int
    oldest_due_at: datetime | None  # of what is due already
    sending: int
    held: int


@dataclass(frozen=True, slots=True)
class Troubled:
    """A listener that wants attention: failing, disabled, or with deliveries that failed."""

    listener: Listener
    failed: int
    held: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The dashboard, for the time since a moment. Tests do not count in `attempts`."""

    events: int
    by_status: dict[Status, int]
    attempts: int
    p95_ms: float | None
    listeners: dict[State, int]
    troubled: Sequence[Troubled]

    @property
    def success(self) -> float | None:
        """The share of delivered in what ended, 0 to 1; None where nothing did."""
        delivered, failed = self.by_status[Status.DELIVERED], self.by_status[Status.FAILED]
        return delivered / (delivered + failed) if delivered + failed else None


def backlog(session: Session, now: datetime, *, most: int = 100_000) -> Backlog:
    """What waits now, and since when."""
    undispatched = Event.dispatched_at.is_(None)
    is_due = (Delivery.status.in_(WAITING), Delivery.due_at <= now)
    return Backlog(
        undispatched=_count(session, sa.select(Event.id).where(undispatched), most),
        oldest_undispatched_at=session.scalar(sa.select(sa.func.min(Event.created_at)).where(undispatched)),
        waiting=_count(session, sa.select(Delivery.id).where(Delivery.status.in_(WAITING)), most),
        due=_count(session, sa.select(Delivery.id).where(*is_due), most),
        oldest_due_at=session.scalar(sa.select(sa.func.min(Delivery.due_at)).where(*is_due)),
        sending=_count(session, sa.select(Delivery.id).where(Delivery.status == Status.SENDING), most),
        held=_count(session, sa.select(Delivery.id).where(Delivery.status == Status.HELD), most),
    )


def figures(session: Session, since: datetime) -> Figures:
    """The dashboard's figures since then."""
    events = (
        sa.select(sa.func.count()).select_from(Event).where(Event.created_at >= since, Event.test.is_(False))
    )
    return Figures(
        events=session.scalar(events) or 0,
        by_status=by_status(session, since),
        attempts=_attempts(session, since),
        p95_ms=slowest_share(session, since),
        listeners=_listeners(session),
        troubled=troubled(session, since),
    )


def slowest_share(session: Session, since: datetime, *, share: float = 0.05) -> float | None:
    """Milliseconds that only this share of the answered attempts took longer than (0.05: the p95)."""
    took = sa.select(Attempt.duration_ms).where(*_answered(since))
    count = session.scalar(sa.select(sa.func.count()).select_from(took.subquery())) or 0
    if count == 0:
        return None
    return session.scalar(took.order_by(Attempt.duration_ms.desc()).offset(int(count * share)).limit(1))


def troubled(session: Session, since: datetime, *, limit: int = 20) -> Sequence[Troubled]:
    """The listeners that want attention: disabled and failing ones first, then those with most failures."""
    failed = sa.func.count().filter(Delivery.status == Status.FAILED, Delivery.created_at >= since)
    held = sa.func.count().filter(Delivery.status == Status.HELD)
    counts = (
        sa.select(Delivery.listener_id, failed.label("failed"), held.label("held"))
        .where(Delivery.status.in_((Status.FAILED, Status.HELD)), Delivery.test.is_(False))
        .group_by(Delivery.listener_id)
        .subquery()
    )
    failures = sa.func.coalesce(counts.c.failed, 0)
    in_trouble = Listener.state.in_((State.FAILING, State.DISABLED))
    query = (
        sa.select(Listener, failures, sa.func.coalesce(counts.c.held, 0))
        .outerjoin(counts, counts.c.listener_id == Listener.id)
        .where(Listener.deleted_at.is_(None), sa.or_(in_trouble, failures > 0))
        .order_by(sa.case((in_trouble, 0), else_=1), failures.desc(), Listener.id)
        .limit(limit)
    )
    return [Troubled(listener, failed=failed, held=held) for listener, failed, held in session.execute(query)]


def latest_failures(session: Session, *, limit: int = 5) -> Sequence[Delivery]:
    """The last deliveries that failed, with event and listener."""
    query = (
        sa.select(Delivery)
        .where(Delivery.status == Status.FAILED)
        .options(joinedload(Delivery.event), joinedload(Delivery.listener))
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def database_bytes(session: Session) -> int:
    """How large the database is on its disk."""
    if session.get_bind().dialect.name == "sqlite":
        pages = session.scalar(sa.text("PRAGMA page_count")) or 0
        return int(pages * (session.scalar(sa.text("PRAGMA page_size")) or 0))
    return int(session.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)


def _count(session: Session, query: sa.Select[str], most: int) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.limit(most).subquery())) or 0


def _answered(since: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (Attempt.started_at >= since, Attempt.status_code.is_not(None), Attempt.duration_ms.is_not(None))


def _attempts(session: Session, since: datetime) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Attempt.started_at >= since, Delivery.test.is_(False))
    )
    return session.scalar(query) or 0


def _listeners(session: Session) -> dict[State, int]:
    query = (
        sa.select(Listener.state, sa.func.count())
        .where(Listener.deleted_at.is_(None))
        .group_by(Listener.state)
    )
    found = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in State}
