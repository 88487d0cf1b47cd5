"""How did attempts go? Only their figures; the bodies of a page of deliveries would be megabytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Attempt, Delivery

LOOKED_AT = 500  # attempts, the newest of all listeners, among which each one's newest is searched


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt of a delivery: how long it took, our sentence about what went wrong, and when it was."""

    duration_ms: float | None = None
    error: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """An attempt that was a listener's newest, or its newest that went wrong."""

    delivery_id: str
    status_code: int | None
    error_class: str | None
    error: str | None
    started_at: datetime


def newest_of(
    session: Session,
    listener_ids: Sequence[str],
    since: datetime,
    *,
    only_wrong: bool = False,
    most: int = LOOKED_AT,
) -> dict[str, Newest]:
    """The newest attempt for each of these listeners among the `most` newest of all; tests do not count.

    Whose newest attempt lies before those is missing: to find it would take reading all its deliveries, because
    an old delivery may be tried after a new one.
    """
    recent = (
        sa.select(
            Attempt.delivery_id, Attempt.status_code, Attempt.error_class, Attempt.error, Attempt.started_at
        )
        .where(Attempt.started_at >= since)
        .order_by(Attempt.started_at.desc())
        .limit(most)
        .subquery()
    )
    query = (
        sa.select(Delivery.listener_id, recent)
        .join(Delivery, Delivery.id == recent.c.delivery_id)
        .where(Delivery.listener_id.in_(listener_ids), Delivery.test.is_(False))
        .order_by(recent.c.started_at, recent.c.delivery_id)  # the newest one of each stays in the dict
    )
    if only_wrong:
        query = query.where(recent.c.error_class.is_not(None))
    return {row[0]: Newest(*row[1:]) for row in session.execute(query)}


def last_ones(session: Session, delivery_ids: Sequence[str]) -> dict[str, Last]:
    """The last attempt of each delivery; a delivery without attempts is missing."""
    if not delivery_ids:
        return {}
    query = (
        sa.select(Attempt.delivery_id, Attempt.duration_ms, Attempt.error, Attempt.started_at)
        .where(Attempt.delivery_id.in_(delivery_ids))
        .order_by(Attempt.delivery_id, Attempt.number)  # the last one of each stays in the dict
    )
    return {
        row.delivery_id: Last(row.duration_ms, row.error, row.started_at) for row in session.execute(query)
    }
