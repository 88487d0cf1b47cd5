"""How does everything stand? What waits, what is on its way, and how large the database is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Delivery, Event, Status
from webhooks_app.storage.queries.indexed import ENDED_BADLY, IS_SENDING, IS_WAITING


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


def backlog(session: Session, now: datetime, *, most: int = 100_000) -> Backlog:
    """What waits now, and since when."""
    undispatched = Event.dispatched_at.is_(None)
    is_due = (IS_WAITING, Delivery.due_at <= now)
    is_held = (ENDED_BADLY, Delivery.status == Status.HELD)
    return Backlog(
        undispatched=_count(session, sa.select(Event.id).where(undispatched), most),
        oldest_undispatched_at=session.scalar(sa.select(sa.func.min(Event.created_at)).where(undispatched)),
        waiting=_count(session, sa.select(Delivery.id).where(IS_WAITING), most),
        due=_count(session, sa.select(Delivery.id).where(*is_due), most),
        oldest_due_at=session.scalar(sa.select(sa.func.min(Delivery.due_at)).where(*is_due)),
        sending=_count(session, sa.select(Delivery.id).where(IS_SENDING), most),
        held=_count(session, sa.select(Delivery.id).where(*is_held), most),
    )


def ask_nothing(session: Session) -> None:
    """Go to the database and back; for who wants to know how long that takes."""
    session.execute(sa.text("SELECT 1"))


def moment(session: Session) -> datetime | None:
    """What the database's own clock says; None where it has none."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    # Not now(): that is when the transaction began, which may be the page's first question.
    found: datetime = session.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return found


def database_bytes(session: Session) -> int:
    """How large the database is on its disk."""
    if session.get_bind().dialect.name == "sqlite":
        pages = session.scalar(sa.text("PRAGMA page_count")) or 0
        return int(pages * (session.scalar(sa.text("PRAGMA page_size")) or 0))
    return int(session.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)


def _count(session: Session, query: sa.Select[str], most: int) -> int:
    # Without an order: to a count it is the same which rows are left out, and sorting costs what the limit saves.
    return session.scalar(sa.select(sa.func.count()).select_from(query.limit(most).subquery())) or 0
