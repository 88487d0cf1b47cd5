"""How did attempts go? Only their figures; the bodies of a page of deliveries would be megabytes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Attempt


def last_durations(session: Session, delivery_ids: Sequence[str]) -> dict[str, float | None]:
    """How many milliseconds the last attempt of each delivery took; a delivery without attempts is missing."""
    if not delivery_ids:
        return {}
    query = (
        sa.select(Attempt.delivery_id, Attempt.duration_ms)
        .where(Attempt.delivery_id.in_(delivery_ids))
        .order_by(Attempt.delivery_id, Attempt.number)  # the last one of each stays in the dict
    )
    return dict(session.execute(query).all())
