"""What can a person do about a delivery? Have it tried again now, or give it up.

A retry is another attempt of the same delivery, and its outcome counts like any other: if it fails, the wait
that follows is the schedule's next, and after its last one the delivery has failed again. A delivered one stays
as it is, because sending its event again is a replay, a delivery of its own.

Whoever retries what is held knows that its listener stands still, be it one delivery or several: each is sent once,
and what fails is held again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.claim import GONE
from webhooks_app.engine.health import let_through
from webhooks_app.engine.queueing import push
from webhooks_app.errors import Conflict, FieldError, NotFound, Refused
from webhooks_app.storage.models import FINAL, Delivery, Listener, State, Status

DELIVERED = "This delivery was delivered. Use replay to send its event again."
BEING_SENT = "This delivery is being sent just now."
CHANGED = "This delivery has changed just now. Try again."
UNKNOWN = "There is no such delivery."
ENDED = "This delivery has ended."

MOST_AT_ONCE = 1000  # more than these would be a flood that one click lets loose

_REOPENED = (Status.FAILED, Status.CANCELLED, Status.HELD, Status.RETRYING, Status.PENDING)
_IDS_AT_ONCE = 500
_IDS_NOTED = 100


@dataclass(frozen=True, slots=True)
class Retried:
    """How many deliveries get another attempt, and how many do not, by the reason."""

    count: int
    refused: Mapping[str, int]


def retry(engine: Engine, delivery_id: str, *, by: Actor) -> Delivery:
    """Have one more attempt made at once; gives the delivery with its listener.

    It goes to a paused or disabled listener too, once, and what fails then is held again. To a failing one it goes as
    the probe: if the receiver takes it, everything that is held follows. Raises NotFound, and Conflict for a
    delivered one, one that is being sent, or one whose listener is deleted.
    """
    now = engine.clock()
    with engine.sessions.begin() as session:
        delivery = _locked(session, delivery_id)
        _check_retry(delivery)
        before = delivery.status
        delivery.status = Status.RETRYING if delivery.attempt_count else Status.PENDING
        delivery.reason, delivery.finished_at = "", None
        delivery.due_at = delivery.queued_at = now
        delivery.slow = False
        delivery.crashes, delivery.by_hand = 0, True
        if delivery.listener.state == State.FAILING and not delivery.test:
            let_through(session, delivery.listener_id, delivery.id, now=now)
        changes: dict[str, Any] = {"before": {"status": before}, "after": {"status": delivery.status}}
        note(session, by, "retry", "delivery", delivery.id, at=now, **changes)
    push(engine, [delivery.id])
    return delivery


def cancel(engine: Engine, delivery_id: str, *, by: Actor) -> Delivery:
    """Give up what waits or is held; gives the delivery with its listener.

    Raises NotFound, and Conflict for one that has ended or is being sent.
    """
    now = engine.clock()
    with engine.sessions.begin() as session:
        delivery = _locked(session, delivery_id)
        if delivery.status in FINAL:
            raise Conflict(ENDED)
        if delivery.status == Status.SENDING:
            raise Conflict(BEING_SENT)
        before = delivery.status
        delivery.status, delivery.reason = Status.CANCELLED, f"Cancelled by {by.name}."
        delivery.finished_at, delivery.queued_at = now, None
        changes: dict[str, Any] = {"before": {"status": before}, "after": {"status": Status.CANCELLED}}
        note(session, by, "cancel", "delivery", delivery.id, at=now, **changes)
    return delivery


def retry_many(engine: Engine, ids: Sequence[str], *, by: Actor) -> Retried:
    """Retry those of these deliveries that can be, by the rules of one. The sweep queues them as there is room.

    None is the probe of a failing listener, whose next probe stays where it was; the first that arrives frees it.
    Raises Refused for more than MOST_AT_ONCE.
    """
    now, chosen = engine.clock(), list(dict.fromkeys(ids))
    check_number(len(chosen))
    reopened: list[str] = []
    refused: Counter[str] = Counter()
    with engine.sessions.begin() as session:
        for start in range(0, len(chosen), _IDS_AT_ONCE):
            some = chosen[start : start + _IDS_AT_ONCE]
            reopened += _reopen(session, some, now=now)
            refused.update(_refusals(session, set(some).difference(reopened)))
        if reopened:
            after = {"count": len(reopened), "ids": reopened[:_IDS_NOTED]}
            note(session, by, "retry", "delivery", reopened[0], after=after, at=now)
    return Retried(len(reopened), dict(refused))


def check_number(chosen: int) -> None:
    """Raises Refused for more than may be retried by one act."""
    if chosen > MOST_AT_ONCE:
        sentence = f"At most {MOST_AT_ONCE:,} deliveries can be retried at once; {chosen:,} were chosen."
        raise Refused(FieldError("id", "too_many", sentence))


def _check_retry(delivery: Delivery) -> None:
    """Raises Conflict."""
    if delivery.status == Status.DELIVERED:
        raise Conflict(DELIVERED)
    if delivery.status == Status.SENDING:
        raise Conflict(BEING_SENT)
    if delivery.listener.deleted_at is not None:
        raise Conflict(GONE)


def _refusals(session: Session, ids: Collection[str]) -> Iterator[str]:
    """Why each of these, which were not reopened, cannot be."""
    query = (
        sa.select(Delivery).where(Delivery.id.in_(ids)).options(joinedload(Delivery.listener, innerjoin=True))
    )
    known = {delivery.id: delivery for delivery in session.scalars(query)}
    for delivery_id in ids:
        try:
            if delivery_id not in known:
                raise NotFound(UNKNOWN)
            _check_retry(known[delivery_id])
        except (Conflict, NotFound) as error:
            yield str(error)
        else:
            yield CHANGED


def _locked(session: Session, delivery_id: str) -> Delivery:
    query = (
        sa.select(Delivery)
        .where(Delivery.id == delivery_id)
        .options(joinedload(Delivery.listener, innerjoin=True))
        .with_for_update(of=Delivery)
    )
    delivery = session.scalar(query)
    if delivery is None:
        raise NotFound(UNKNOWN)
    return delivery


def _reopen(session: Session, ids: Sequence[str], *, now: datetime) -> Sequence[str]:
    gone = sa.select(Listener.id).where(Listener.deleted_at.is_not(None))
    statement = (
        sa.update(Delivery)
        .where(
            Delivery.id.in_(ids),
            Delivery.status.in_(_REOPENED),
            Delivery.listener_id.not_in(gone),
        )
        .values(
            status=sa.case((Delivery.attempt_count == 0, Status.PENDING), else_=Status.RETRYING),
            reason="",
            due_at=now,
            queued_at=None,
            finished_at=None,
            crashes=0,
            by_hand=True,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(statement).all()
