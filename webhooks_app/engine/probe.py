"""With what is a failing listener tried? With the oldest delivery that is held for it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine.candidates import HELD_BECAUSE
from webhooks_app.engine.holding import OLDEST_FIRST
from webhooks_app.storage.models import Delivery, State, Status
from webhooks_app.storage.queries.indexed import IS_UNSENT


def let_one_go(session: Session, listener_id: str, *, now: datetime) -> str | None:
    """Make the probe due and give its id; None where nothing is held that would say something.

    A probe is an ordinary attempt. A replay is none, because its outcome would not count. What another one has
    locked just now is passed over: a person retries or cancels it.
    """
    oldest = (
        sa.select(Delivery.id)
        .where(
            IS_UNSENT,
            Delivery.listener_id == listener_id,
            Delivery.status == Status.HELD,
            Delivery.reason == HELD_BECAUSE[State.FAILING],
            Delivery.replay_no == 0,
            Delivery.test.is_(False),
        )
        .order_by(*OLDEST_FIRST)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    probe_id = session.scalar(oldest)
    if probe_id is None:
        return None
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == probe_id)
        .values(
            status=sa.case((Delivery.tries == 0, Status.PENDING), else_=Status.RETRYING),
            reason="",
            due_at=now,
            queued_at=now,
            slow=False,
        )
        .execution_options(synchronize_session=False)
    )
    return probe_id
