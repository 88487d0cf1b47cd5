"""How did attempts go? Only their figures; the bodies of a page of deliveries would be megabytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Attempt


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt of a delivery: how long it took, our sentence about what went wrong, and when it was."""

    duration_ms: float | None = None
    error: str | None = None
    started_at: datetime | None = None


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
