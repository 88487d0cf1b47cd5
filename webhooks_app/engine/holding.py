"""What becomes of deliveries while their listener stands still, and after? Held, and then let go at a pace.

To be held uses up no attempt: `tries` stays as it is. What is let go becomes due one after the other, the oldest
first: a receiver that has just come back must not be buried under all it missed.

A listener that was away for days may have a million of them. So only some are held or let go in one transaction;
the sweep goes on with the rest (`health.go_on`), and meanwhile whoever claims one that must wait holds it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine.candidates import FILTER_UNUSABLE, HELD_BECAUSE
from webhooks_app.storage.models import WAITING, Delivery, State, Status
from webhooks_app.storage.queries.indexed import IS_UNSENT
from webhooks_app.storage.types import Moment, to_ms

RELEASED_PER_SECOND = 50  # a listener
MOST_AT_ONCE = 1_000
_EVERY_MS = 1000 // RELEASED_PER_SECOND
_HOLD_MORE = timedelta(seconds=1)

# Adding nothing keeps the database from walking along the index of all that the listener ever got, only because that
# has the order: what is unsent is a small part, and quick to sort.
OLDEST_FIRST = (sa.type_coerce(Delivery.created_at, sa.BigInteger) + 0, Delivery.id)

_HELD_BY_FILTER = FILTER_UNUSABLE.partition("{")[0]


def hold_waiting(
    session: Session, listener_id: str, state: State, *, now: datetime, but: str | None = None
) -> datetime | None:
    """Hold what waits for this listener because it is in this state, but for tests and one; gives when to go on.

    That is None if nothing is left. What another one has locked just now is passed over: who claims it sees the
    state, and holds it then. To wait for it could be a deadlock, as it may be recorded by one who waits for what we
    hold.
    """
    reason = HELD_BECAUSE[state]
    chosen = Delivery.test | Delivery.by_hand  # by a person, who knows how the listener stands
    waits = Delivery.status.in_(WAITING) & ~chosen & (Delivery.id != (but or ""))
    was_held = (Delivery.status == Status.HELD) & Delivery.reason.in_(
        [other for other in HELD_BECAUSE.values() if other != reason]
    )
    pick = (
        sa.select(Delivery.id)
        .where(IS_UNSENT, Delivery.listener_id == listener_id, waits | was_held)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("pick")
    )
    held = session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(sa.select(pick.c.id)))
        .values(status=Status.HELD, reason=reason, queued_at=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return now + _HOLD_MORE if len(held.all()) >= MOST_AT_ONCE else None


def release_held(session: Session, listener_id: str, *, now: datetime) -> datetime | None:
    """Let go what is held for this listener; gives when to go on, if there is more.

    What its filter could not be asked about stays held; a person may retry that.
    """
    is_held = (Delivery.status == Status.HELD) & Delivery.reason.not_like(f"{_HELD_BY_FILTER}%")
    chosen = IS_UNSENT & (Delivery.listener_id == listener_id) & is_held
    released = let_go(session, chosen, now=now, most=MOST_AT_ONCE)
    return now + timedelta(milliseconds=released * _EVERY_MS) if released >= MOST_AT_ONCE else None


def let_go(
    session: Session, chosen: sa.ColumnElement[bool], *, now: datetime, most: int | None = None
) -> int:
    """Make these deliveries due, for each listener one every 20 ms; gives how many."""
    place = sa.func.row_number().over(partition_by=Delivery.listener_id, order_by=OLDEST_FIRST)
    turn = sa.type_coerce(sa.literal(to_ms(now), sa.BigInteger) + (place - 1) * _EVERY_MS, Moment)
    turns = (
        sa.select(Delivery.id, turn.label("due_at"))
        .where(chosen)
        .order_by(*OLDEST_FIRST)
        .limit(most)
        .subquery()
    )
    released = session.execute(
        sa.update(Delivery)
        .where(Delivery.id == turns.c.id, Delivery.status == Status.HELD)
        .values(
            status=sa.case((Delivery.tries == 0, Status.PENDING), else_=Status.RETRYING),
            reason="",
            due_at=turns.c.due_at,
            queued_at=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(released.all())
