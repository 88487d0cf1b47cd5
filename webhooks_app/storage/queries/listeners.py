"""Which listeners are there, and how are they? Lists, one with its secrets, and the health of several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from webhooks_app.storage.models import WAITING, Delivery, Listener, Status
from webhooks_app.storage.queries import attempts
from webhooks_app.storage.queries.attempts import Last
from webhooks_app.storage.queries.indexed import IS_UNSENT
from webhooks_app.storage.queries.page import Cursor, Page, page_of


@dataclass(frozen=True, slots=True)
class Named:
    """A listener in a menu."""

    id: str
    name: str
    hook: str
    url: str


@dataclass(frozen=True, slots=True)
class Health:
    """How a listener did: what ended in a span of time, its last answer, what is tried again, what is next."""

    delivered: int = 0
    failed: int = 0
    retrying: int = 0
    last_status_code: int | None = None
    last_error_class: str | None = None
    last_error: str | None = None  # our sentence about it
    last_at: datetime | None = None  # of the attempt that was answered so
    next_due_at: datetime | None = None

    @property
    def success(self) -> float | None:
        """The share of delivered in what ended, 0 to 1; None where nothing did."""
        ended = self.delivered + self.failed
        return self.delivered / ended if ended else None


def newest(
    session: Session,
    hook: str | None = None,
    state: str | None = None,
    text: str | None = None,
    *,
    cursor: Cursor | str | None = None,
    limit: int = 25,
) -> Page[Listener]:
    """A page of listeners; `text` is looked for in name, URL and hook. Raises ValueError for a bad cursor."""
    return page_of(
        session,
        _chosen(hook, state, text),
        moment_column=Listener.created_at,
        id_column=Listener.id,
        cursor=cursor,
        limit=limit,
    )


def all(  # noqa: A001 (read as listeners.all)
    session: Session, hook: str | None = None, state: str | None = None, text: str | None = None
) -> Sequence[Listener]:
    """Every listener that is not deleted, by hook and name."""
    return session.scalars(
        _chosen(hook, state, text).order_by(Listener.hook, sa.func.lower(Listener.name), Listener.id)
    ).all()


def one(session: Session, listener_id: str, with_secrets: bool = False) -> Listener | None:
    """One listener, a deleted one too; its secrets (encrypted) where asked for."""
    query = sa.select(Listener).where(Listener.id == listener_id)
    if with_secrets:
        query = query.options(selectinload(Listener.secrets))
    return session.scalar(query)


def of_hook(session: Session, hook: str) -> Sequence[Listener]:
    """The listeners of one hook."""
    return all(session, hook=hook)


def names(session: Session, *, most: int = 200, also: str | None = None) -> list[Named]:
    """The first `most` listeners by name, to choose from, and the one with the id `also`."""
    query = sa.select(Listener.id, Listener.name, Listener.hook, Listener.url)
    first = (
        query.where(Listener.deleted_at.is_(None))
        .order_by(sa.func.lower(Listener.name), Listener.id)
        .limit(most)
    )
    found = [Named(*row) for row in session.execute(first)]
    if also is None or also in {one.id for one in found}:
        return found
    return found + [Named(*row) for row in session.execute(query.where(Listener.id == also))]


def names_of(session: Session, listener_ids: Collection[str]) -> dict[str, str]:
    """The names of these listeners, deleted ones too; who never was is missing."""
    if not listener_ids:
        return {}
    query = sa.select(Listener.id, Listener.name).where(Listener.id.in_(listener_ids))
    return dict(session.execute(query).all())


def health(session: Session, listener_ids: Sequence[str], since: datetime) -> dict[str, Health]:
    """The health of these listeners since then; tests do not count. Every id is there."""
    if not listener_ids:
        return {}
    ended = _ended(session, listener_ids, since)
    last = _last_answers(session, listener_ids, since)
    waiting = _waiting(session, listener_ids)
    found = {}
    for listener_id in listener_ids:
        counts = ended.get(listener_id, {})
        retrying, due_at = waiting.get(listener_id, (0, None))
        code, error_class, error, at = last.get(listener_id, (None, None, None, None))
        found[listener_id] = Health(
            delivered=counts.get(Status.DELIVERED, 0),
            failed=counts.get(Status.FAILED, 0),
            retrying=retrying,
            last_status_code=code,
            last_error_class=error_class,
            last_error=error,
            last_at=at,
            next_due_at=due_at,
        )
    return found


def _chosen(hook: str | None, state: str | None, text: str | None) -> sa.Select[Listener]:
    query = sa.select(Listener).where(Listener.deleted_at.is_(None))
    if hook:
        query = query.where(Listener.hook == hook)
    if state:
        query = query.where(Listener.state == state)
    if text:
        columns = (Listener.name, Listener.url, Listener.hook)
        query = query.where(sa.or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return query


def _ended(session: Session, listener_ids: Sequence[str], since: datetime) -> dict[str, dict[str, int]]:
    query = (
        sa.select(Delivery.listener_id, Delivery.status, sa.func.count())
        .where(
            Delivery.listener_id.in_(listener_ids),
            Delivery.created_at >= since,
            Delivery.status.in_((Status.DELIVERED, Status.FAILED)),
            Delivery.test.is_(False),
        )
        .group_by(Delivery.listener_id, Delivery.status)
    )
    found: dict[str, dict[str, int]] = {}
    for listener_id, status, count in session.execute(query):
        found.setdefault(listener_id, {})[status] = count
    return found


def _last_answers(
    session: Session, listener_ids: Sequence[str], since: datetime
) -> dict[str, tuple[int | None, str | None, str | None, datetime]]:
    """What each listener answered last, and when; its newest attempt, wherever that is found at once."""
    found = {
        listener_id: (one.status_code, one.error_class, one.error, one.started_at)
        for listener_id, one in attempts.newest_of(session, listener_ids, since).items()
    }
    others = [listener_id for listener_id in listener_ids if listener_id not in found]
    return found | (_last_of_newest(session, others, since) if others else {})


def _last_of_newest(
    session: Session, listener_ids: Sequence[str], since: datetime
) -> dict[str, tuple[int | None, str | None, str | None, datetime]]:
    """What came last of each listener's newest delivery that was tried, with the moment of that attempt.

    The delivery's own moment says nothing of it: the last of its attempts may be hours later.
    """
    place = sa.func.row_number().over(
        partition_by=Delivery.listener_id, order_by=(Delivery.created_at.desc(), Delivery.id.desc())
    )
    ranked = (
        sa.select(
            Delivery.id,
            Delivery.listener_id,
            Delivery.last_status_code,
            Delivery.last_error_class,
            Delivery.created_at,
            place.label("place"),
        )
        .where(
            Delivery.listener_id.in_(listener_ids),
            Delivery.created_at >= since,
            Delivery.attempt_count > 0,
            Delivery.test.is_(False),
        )
        .subquery()
    )
    rows = session.execute(sa.select(ranked).where(ranked.c.place == 1)).all()
    last = attempts.last_ones(session, [row.id for row in rows])
    found = {}
    for row in rows:
        attempt = last.get(row.id, Last())
        at = attempt.started_at or row.created_at
        found[row.listener_id] = (row.last_status_code, row.last_error_class, attempt.error, at)
    return found


def _waiting(session: Session, listener_ids: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    """How many deliveries of each are tried again, tests left out, and when the next of any kind is due."""
    is_retried = sa.and_(Delivery.status == Status.RETRYING, Delivery.test.is_(False))
    query = (
        sa.select(Delivery.listener_id, sa.func.count().filter(is_retried), sa.func.min(Delivery.due_at))
        .where(IS_UNSENT, Delivery.listener_id.in_(listener_ids), Delivery.status.in_(WAITING))
        .group_by(Delivery.listener_id)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}
