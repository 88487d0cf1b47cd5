"""What went wrong last with each listener, and when? For the dashboard's list of those in trouble."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Delivery, Status
from webhooks_app.storage.queries import attempts
from webhooks_app.storage.queries.attempts import Last, Newest
from webhooks_app.storage.queries.figures import Failures, Some

LOOKED_BACK = 200  # deliveries of one listener that are searched for its last error


def last_errors(
    session: Session,
    found: Failures,
    listener_ids: Sequence[str],
    since: datetime,
    *,
    looked_back: int = LOOKED_BACK,
) -> dict[str, Newest]:
    """The last attempt for each listener that went wrong and was no test; one without such is missing.

    Where it is not among the newest of all, it is that of a delivery: one of the `looked_back` newest, whatever
    became of it since, or else the last that failed.
    """
    wrong = attempts.newest_of(session, listener_ids, since, only_wrong=True)
    others = {
        one: _last_error(session, one, looked_back) or _last_failed(session, one, found)
        for one in listener_ids
        if one not in wrong
    }
    last = attempts.last_ones(session, [one.id for one in others.values() if one])
    return wrong | {key: _as_newest(one, last.get(one.id, Last())) for key, one in others.items() if one}


def _as_newest(one: Delivery, last: Last) -> Newest:
    at = last.started_at or one.created_at
    return Newest(one.id, one.last_status_code, one.last_error_class, last.error, at)


def _last_error(session: Session, listener_id: str, looked_back: int) -> Delivery | None:
    newest = (
        sa.select(Delivery.id, Delivery.created_at, Delivery.last_error_class, Delivery.test)
        .where(Delivery.listener_id == listener_id)
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(looked_back)
        .subquery()
    )
    wrong = (
        sa.select(newest.c.id)
        .where(newest.c.last_error_class.is_not(None), newest.c.test.is_(False))
        .order_by(newest.c.created_at.desc(), newest.c.id.desc())
        .limit(1)
    )
    return session.scalar(sa.select(Delivery).where(Delivery.id == wrong.scalar_subquery()))


def _last_failed(session: Session, listener_id: str, found: Failures) -> Delivery | None:
    last_at = found.failed.get(listener_id, Some()).last_at
    query = (
        sa.select(Delivery)
        .where(Delivery.listener_id == listener_id, Delivery.created_at == last_at)
        .where(Delivery.status == Status.FAILED, Delivery.test.is_(False))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    return None if last_at is None else session.scalar(query)
