"""What are the dashboard's figures? Counted along indexes, so that they stay quick over millions of rows.

Deliveries are counted without reading them: an index knows how many were made, small ones know those that
wait or ended badly, and the rest was delivered. Such counts cannot leave tests out; who is in trouble does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Attempt, Delivery, Event, Listener, State, Status
from webhooks_app.storage.queries.indexed import ENDED_BADLY, IS_SENDING, IS_WAITING

IN_TROUBLE = (State.FAILING, State.DISABLED)
LOOKED_AT = 10_000  # failures, at most, that are read to say whose they are
ANSWERS = 5_000  # answers, at most, whose times are looked at


@dataclass(frozen=True, slots=True)
class Slot:
    """The deliveries made in one span of time, by where they stand now."""

    made: int = 0
    failed: int = 0
    held: int = 0
    cancelled: int = 0
    waiting: int = 0  # pending, retrying or just being sent

    @property
    def delivered(self) -> int:
        """What is none of the others. Counted one after the other, they may differ by a moment's work."""
        return max(self.made - self.failed - self.held - self.cancelled - self.waiting, 0)


@dataclass(frozen=True, slots=True)
class Some:
    """Some deliveries of a listener, and when the first and the last of them were made."""

    count: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """By listener: what failed in a span, what is held now, and what an active one is tried with again.

    `at_least`: there are more of one kind, of all listeners together, than were looked at.
    """

    failed: Mapping[str, Some]
    held: Mapping[str, Some]
    at_least: bool
    retrying: Mapping[str, Some] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Troubled:
    """A listener that wants attention, with its failures in a span and what is held or tried again now."""

    listener: Listener
    failed: int
    first_failed_at: datetime | None
    held: int
    at_least: bool = False
    retrying: int = 0
    first_retried_at: datetime | None = None  # when the oldest delivery was made that is tried again


def per_slot(session: Session, edges: Sequence[datetime]) -> list[Slot]:
    """The deliveries between each edge and the next."""
    made = _counts(session, edges)
    failed, held, cancelled = (
        _counts(session, edges, ENDED_BADLY, Delivery.status == status)
        for status in (Status.FAILED, Status.HELD, Status.CANCELLED)
    )
    unfinished = [_spread(session, edges, one) for one in (IS_WAITING, IS_SENDING)]
    waiting = [sum(counts) for counts in zip(*unfinished, strict=True)]
    return [Slot(*counts) for counts in zip(made, failed, held, cancelled, waiting, strict=True)]


def events_up_to(session: Session, since: datetime, *, most: int) -> int:
    """How many events there were since then; `most` + 1 stands for more than that."""
    some = sa.select(Event.id).where(Event.created_at >= since).limit(most + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def slowest_share(
    session: Session, since: datetime, *, share: float = 0.05, most: int = ANSWERS
) -> tuple[float | None, int]:
    """Milliseconds that only this share of the last answers took longer than (0.05: the p95), and of how many.

    At most the `most` newest answers since then are looked at.
    """
    took = (
        sa.select(Attempt.duration_ms)
        .where(
            Attempt.started_at >= since, Attempt.status_code.is_not(None), Attempt.duration_ms.is_not(None)
        )
        .order_by(Attempt.started_at.desc())
        .limit(most)
    )
    found = sorted((one for one in session.scalars(took) if one is not None), reverse=True)
    return (found[int(len(found) * share)], len(found)) if found else (None, 0)


def by_state(session: Session) -> dict[State, int]:
    """How many listeners are in each state; every state is there."""
    query = (
        sa.select(Listener.state, sa.func.count())
        .where(Listener.deleted_at.is_(None))
        .group_by(Listener.state)
    )
    found = dict(session.execute(query).all())
    return {state: found.get(state, 0) for state in State}


def is_any_in_trouble(session: Session) -> bool:
    """Whether a listener fails or is disabled just now."""
    query = (
        sa.select(Listener.id).where(Listener.state.in_(IN_TROUBLE), Listener.deleted_at.is_(None)).limit(1)
    )
    return session.scalar(query) is not None


def failures(session: Session, since: datetime) -> Failures:
    """Whose deliveries failed since then, and whose are held now; tests do not count."""
    failed, held = _whose(session, Status.FAILED, since), _whose(session, Status.HELD)
    counts = (sum(some.count for some in one.values()) for one in (failed, held))
    return Failures(failed, held, at_least=any(count >= LOOKED_AT for count in counts))


def with_retrying(session: Session, found: Failures) -> Failures:
    """The same with who is tried again just now; `found` may be a while old."""
    retrying = _who_retries(session)
    is_full = sum(some.count for some in retrying.values()) >= LOOKED_AT
    return replace(found, retrying=retrying, at_least=found.at_least or is_full)


def troubled(session: Session, found: Failures, *, limit: int = 20) -> list[Troubled]:
    """The listeners that want attention: disabled and failing ones first, then by failures, then by retries."""
    in_trouble = Listener.state.in_(IN_TROUBLE)
    named = {*_most(found.failed, limit), *_most(found.retrying, limit)}
    query = sa.select(Listener).where(
        Listener.deleted_at.is_(None), sa.or_(in_trouble, Listener.id.in_(named))
    )
    rows = [_troubled(listener, found) for listener in session.scalars(query)]
    rows.sort(key=_by_need)
    return rows[:limit]


def was_ever_delivered(session: Session, *, looked_at: int = 10_000) -> bool:
    """Whether one of the first deliveries that are kept reached its receiver."""
    first = sa.select(Delivery.status).order_by(Delivery.created_at, Delivery.id).limit(looked_at).subquery()
    query = sa.select(sa.literal(1)).select_from(first).where(first.c.status == Status.DELIVERED).limit(1)
    return session.scalar(query) is not None


def _counts(session: Session, edges: Sequence[datetime], *conditions: sa.ColumnElement[bool]) -> list[int]:
    """One short walk along an index a slot."""
    counts = [
        sa.select(sa.func.count())
        .select_from(Delivery)
        .where(Delivery.created_at >= begin, Delivery.created_at < end, *conditions)
        .scalar_subquery()
        .label(f"slot_{number}")
        for number, (begin, end) in enumerate(pairwise(edges))
    ]
    return list(session.execute(sa.select(*counts)).one())


def _spread(session: Session, edges: Sequence[datetime], chosen: sa.ColumnElement[bool]) -> list[int]:
    """The same for rows whose index has no moment: all of them are read once."""
    counts = [
        sa.func.count()
        .filter(Delivery.created_at >= begin, Delivery.created_at < end)
        .label(f"slot_{number}")
        for number, (begin, end) in enumerate(pairwise(edges))
    ]
    return list(session.execute(sa.select(*counts).select_from(Delivery).where(chosen)).one())


def _whose(session: Session, status: Status, since: datetime | None = None) -> dict[str, Some]:
    """The newest with this status, by listener."""
    newest = (
        sa.select(Delivery.listener_id, Delivery.created_at)
        .where(ENDED_BADLY, Delivery.status == status, Delivery.test.is_(False))
        .order_by(Delivery.created_at.desc())
        .limit(LOOKED_AT)
    )
    if since is not None:
        newest = newest.where(Delivery.created_at >= since)
    return _by_listener(session, newest)


def _who_retries(session: Session) -> dict[str, Some]:
    """The active listeners for which a delivery waits after a failed attempt: what is due next comes first."""
    soonest = (
        sa.select(Delivery.listener_id, Delivery.created_at)
        .join(Listener, Listener.id == Delivery.listener_id)
        .where(IS_WAITING, Delivery.status == Status.RETRYING, Delivery.test.is_(False))
        .where(Listener.state == State.ACTIVE, Listener.deleted_at.is_(None))
        .order_by(Delivery.due_at)
        .limit(LOOKED_AT)
    )
    return _by_listener(session, soonest)


def _by_listener(session: Session, chosen: sa.Select[str, datetime]) -> dict[str, Some]:
    some = chosen.subquery()
    made = (sa.func.min(some.c.created_at), sa.func.max(some.c.created_at))
    query = sa.select(some.c.listener_id, sa.func.count(), *made).group_by(some.c.listener_id)
    return {row[0]: Some(*row[1:]) for row in session.execute(query)}


def _troubled(listener: Listener, found: Failures) -> Troubled:
    failed, held, retrying = (
        one.get(listener.id, Some()) for one in (found.failed, found.held, found.retrying)
    )
    return Troubled(
        listener,
        failed.count,
        failed.first_at,
        held.count,
        at_least=found.at_least,
        retrying=retrying.count,
        first_retried_at=retrying.first_at,
    )


def _by_need(one: Troubled) -> tuple[bool, int, int, str]:
    return one.listener.state not in IN_TROUBLE, -one.failed, -one.retrying, one.listener.id


def _most(counted: Mapping[str, Some], limit: int) -> list[str]:
    """The listeners with most of these. Deleted ones count too, so a few more are taken than are shown."""
    return sorted(counted, key=lambda one: (-counted[one].count, one))[: limit * 5]
