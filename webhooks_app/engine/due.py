"""Which deliveries are due, which does no queue hold any more, and in which order do they go?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webhooks_app.engine.queueing import in_batches
from webhooks_app.storage.models import Delivery
from webhooks_app.storage.queries.indexed import IS_WAITING

QUEUED_BUT_GONE = timedelta(seconds=2)  # queued so long ago, while the queue is empty: the queue lost it
QUEUED_TOO_LONG = timedelta(minutes=5)


def is_due(now: datetime) -> sa.ColumnElement[bool]:
    """Its moment has come, and nobody sends it."""
    return IS_WAITING & (Delivery.due_at <= now)


def oldest(wanted: sa.ColumnElement[bool], most: int) -> sa.Select[str, bool]:
    """The id of each, and whether it goes alone: what has waited longest first."""
    query = sa.select(Delivery.id, Delivery.alone).where(wanted)
    return query.order_by(Delivery.due_at, Delivery.id).limit(most)


def is_lost(now: datetime, length: int) -> sa.ColumnElement[bool]:
    """Queued so long ago that it is not there any more, in a queue of this length."""
    return Delivery.queued_at < now - (QUEUED_TOO_LONG if length else QUEUED_BUT_GONE)


def in_jobs(due: Sequence[Any]) -> list[Sequence[str]]:
    """The ids of these rows cut into jobs; what goes alone, after a worker died with it, is a job of its own."""
    together = [row.id for row in due if not row.alone]
    alone = [[row.id] for row in due if row.alone]
    return [*in_batches(together), *alone]
