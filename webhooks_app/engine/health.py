"""What does a listener's trouble mean for the listener itself? A 410 disables it, and holds what waits for it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.candidates import HELD_BECAUSE
from webhooks_app.storage.models import WAITING, Delivery, Listener, State, Status
from webhooks_app.storage.queries.indexed import IS_UNSENT

DELIVERY_WORKER = Actor("delivery worker")


def disable(session: Session, listener_id: str, reason: str, *, now: datetime) -> None:
    """Disable a listener that is sent to, for this reason; in the caller's transaction.

    One that somebody paused stays paused: that is a person's word, and an answer to its last send changes nothing.
    """
    disabled = session.execute(
        sa.update(Listener)
        .where(Listener.id == listener_id, Listener.state.in_((State.ACTIVE, State.FAILING)))
        .values(
            state=State.DISABLED,
            state_reason=reason,
            state_since=now,
            updated_at=now,
            version=Listener.version + 1,
        )
        .returning(Listener.id)
        .execution_options(synchronize_session=False)
    ).first()
    if disabled is None:
        return
    hold_waiting(session, listener_id, HELD_BECAUSE[State.DISABLED])
    note(session, DELIVERY_WORKER, "disable", "listener", listener_id, after={"state_reason": reason}, at=now)


def hold_waiting(session: Session, listener_id: str, reason: str) -> int:
    """Hold every delivery that waits for this listener; gives how many."""
    held = session.execute(
        sa.update(Delivery)
        .where(IS_UNSENT, Delivery.listener_id == listener_id, Delivery.status.in_(WAITING))
        .values(status=Status.HELD, reason=reason, queued_at=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(held.all())
