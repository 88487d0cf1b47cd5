"""What becomes of the work of a worker that is gone? Once its lease has ended it is taken from it, and goes on alone.

A delivery that kills its worker again and again is ill: it fails, and harms nobody else. What was claimed and never
began (see `beginning`) goes back as it was. Safe for any number of rescuers at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.failpoints import reach
from webhooks_app.storage import ids
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Attempt, Delivery, Status
from webhooks_app.storage.queries.indexed import IS_SENDING
from webhooks_app.storage.types import Moment

log = logging.getLogger("webhooks_app.sweep")

RESCUED_AT_ONCE = 500
MOST_CRASHES = 3

WORKER_LOST = "The worker stopped during this attempt; the receiver may have got it."


def rescue(engine: Engine) -> int:
    """Take deliveries from workers whose lease has ended, and close their attempt, if it began, as `worker_lost`.

    Such a delivery goes on alone from then on, as a job of one id: if it kills its worker three times while
    alone, it is the delivery that is ill, and it fails.
    """
    rescued = 0
    while _has_lost(engine, now=engine.clock()):
        some = tried_again(lambda: _rescue_some(engine))
        rescued += some
        if some < RESCUED_AT_ONCE:
            break
    return rescued


def _has_lost(engine: Engine, *, now: datetime) -> bool:
    with engine.readings() as session:
        return session.scalar(_lost(now).limit(1)) is not None


def _lost(now: datetime) -> sa.Select[str]:
    return sa.select(Delivery.id).where(IS_SENDING, Delivery.lease_until < now).order_by(Delivery.lease_until)


def _rescue_some(engine: Engine) -> int:
    now = engine.clock()
    with engine.sessions.begin() as session:
        lost = session.execute(_rescue_statement(now)).all()
        reach("rescue.mid")
        begun = [row for row in lost if row.leased_at is not None]
        if begun:
            session.execute(sa.insert(Attempt), [_lost_attempt(row) for row in begun])
        if lost:
            session.execute(_closing([row.id for row in lost]))
    for row in lost:
        place = {"delivery_id": ids.shown(ids.DELIVERY, row.id), "attempt": row.attempt_count + 1}
        said = "while it sent" if row.leased_at else "before it began to send"
        log.warning("The worker %s was lost %s the delivery %s.", row.lease_owner, said, row.id, extra=place)
    return len(lost)


def _rescue_statement(now: datetime) -> Any:
    pick = _lost(now).limit(RESCUED_AT_ONCE).with_for_update(skip_locked=True).cte("pick")
    has_begun = Delivery.leased_at.is_not(None)
    is_ill = sa.and_(has_begun, Delivery.alone, Delivery.crashes + 1 >= MOST_CRASHES)
    is_fresh = sa.and_(~has_begun, Delivery.attempt_count == 0)
    return (
        sa.update(Delivery)
        .where(
            Delivery.id.in_(sa.select(pick.c.id)),
            Delivery.status == Status.SENDING,
            Delivery.lease_until < now,
        )
        .values(
            status=sa.case(
                (is_ill, sa.literal(Status.FAILED, sa.String)),
                (is_fresh, Status.PENDING),
                else_=Status.RETRYING,
            ),
            reason=sa.case(
                (is_ill, f"Stopped after {MOST_CRASHES} worker crashes."),
                (has_begun, WORKER_LOST),
                else_=Delivery.reason,
            ),
            finished_at=sa.case((is_ill, sa.literal(now, Moment)), else_=None),
            crashes=sa.case((~has_begun, Delivery.crashes), (Delivery.alone, Delivery.crashes + 1), else_=0),
            alone=sa.or_(has_begun, Delivery.alone),
            lease_token=None,
            lease_until=None,
            last_status_code=sa.case((has_begun, None), else_=Delivery.last_status_code),
            last_error_class=sa.case((has_begun, "worker_lost"), else_=Delivery.last_error_class),
            due_at=now,
            queued_at=None,
        )
        .returning(
            Delivery.id,
            Delivery.lease_owner,
            Delivery.leased_at,
            Delivery.attempt_count,
            Delivery.listener_id,
        )
        .execution_options(synchronize_session=False)
    )


def _closing(delivery_ids: Sequence[str]) -> sa.Update:
    """After the attempts were told by their owner: count those that began."""
    began = sa.case((Delivery.leased_at.is_not(None), 1), else_=0)
    return (
        sa.update(Delivery)
        .where(Delivery.id.in_(delivery_ids))
        .values(attempt_count=Delivery.attempt_count + began, lease_owner=None)
        .execution_options(synchronize_session=False)
    )


def _lost_attempt(row: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "delivery_id": row.id,
        "number": row.attempt_count + 1,
        "started_at": row.leased_at,
        "error_class": "worker_lost",
        "error": WORKER_LOST,
        "worker": row.lease_owner,
    }
