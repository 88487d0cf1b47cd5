"""Which deliveries are there, and how does one stand? The log, one delivery with its attempts, counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from webhooks_app.storage.models import Attempt, Delivery
from webhooks_app.storage.queries.indexed import has_status
from webhooks_app.storage.queries.page import Cursor, Page, page_of

_CODE = re.compile(r"([1-5])(xx|\d\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What the log is narrowed to; a field that is empty asks for nothing. Ids are bare.

    `code` is a status code or a hundred of them ("500", "5xx"); the span is `since` <= created < `until`.
    """

    hook: str | None = None
    listener_id: str | None = None
    event_id: str | None = None
    status: tuple[str, ...] = ()
    code: str | None = None
    error_class: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    test: bool | None = None


EVERYTHING = DeliveryFilter()


def newest(
    session: Session,
    wanted: DeliveryFilter = EVERYTHING,
    *,
    cursor: Cursor | str | None = None,
    limit: int = 25,
) -> Page[Delivery]:
    """A page of the log with events and listeners. Raises ValueError for a bad code or cursor."""
    query = (
        sa.select(Delivery)
        .where(*conditions(wanted))
        .options(joinedload(Delivery.event), joinedload(Delivery.listener))
    )
    return page_of(
        session,
        query,
        moment_column=Delivery.created_at,
        id_column=Delivery.id,
        cursor=cursor,
        limit=limit,
    )


def one(session: Session, delivery_id: str, *, with_bodies: bool = True) -> Delivery | None:
    """One delivery with its event, its listener and its attempts, the first one first.

    Without `with_bodies` an answer's body is read only when it is asked for.
    """
    attempts = selectinload(Delivery.attempts)
    if not with_bodies:
        attempts = attempts.defer(Attempt.response_body)
    query = (
        sa.select(Delivery)
        .where(Delivery.id == delivery_id)
        .options(joinedload(Delivery.event), joinedload(Delivery.listener), attempts)
    )
    return session.scalar(query)


def siblings(session: Session, delivery: Delivery) -> Sequence[Delivery]:
    """The other deliveries of the same event, replays included, with their listeners; the oldest first."""
    query = (
        sa.select(Delivery)
        .where(Delivery.event_id == delivery.event_id, Delivery.id != delivery.id)
        .options(joinedload(Delivery.listener))
        .order_by(Delivery.created_at, Delivery.id)
    )
    return session.scalars(query).all()


def neighbours(
    session: Session, delivery: Delivery, wanted: DeliveryFilter = EVERYTHING
) -> tuple[str | None, str | None]:
    """The ids of the next newer and the next older delivery in the same narrowed log."""
    place = sa.tuple_(Delivery.created_at, Delivery.id)
    here = sa.tuple_(
        sa.literal(delivery.created_at, Delivery.created_at.type), sa.literal(delivery.id, Delivery.id.type)
    )
    chosen = sa.select(Delivery.id).where(*conditions(wanted)).limit(1)
    newer = chosen.where(place > here).order_by(Delivery.created_at, Delivery.id)
    older = chosen.where(place < here).order_by(Delivery.created_at.desc(), Delivery.id.desc())
    return session.scalar(newer), session.scalar(older)


def ids(session: Session, wanted: DeliveryFilter, *, most: int = 1_000) -> Sequence[str]:
    """The ids of what the log is narrowed to, newest first; for an act on all that match."""
    query = (
        sa.select(Delivery.id)
        .where(*conditions(wanted))
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(most)
    )
    return session.scalars(query).all()


def count_up_to(session: Session, wanted: DeliveryFilter = EVERYTHING, most: int = 10_000) -> int:
    """How many there are; `most` + 1 stands for more than that, so that a long log is not counted through."""
    some = sa.select(Delivery.id).where(*conditions(wanted)).limit(most + 1).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def conditions(wanted: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    """The WHERE clauses of a filter. Raises ValueError for a code that is neither `500` nor `5xx`."""
    equal: dict[Any, Any] = {
        Delivery.hook: wanted.hook,
        Delivery.listener_id: wanted.listener_id,
        Delivery.event_id: wanted.event_id,
        Delivery.last_error_class: wanted.error_class,
        Delivery.test: wanted.test,
    }
    clauses = [column == value for column, value in equal.items() if value is not None and value != ""]
    if wanted.status:
        clauses += has_status(wanted.status)
    if wanted.code:
        clauses.append(_code(wanted.code))
    if wanted.since is not None:
        clauses.append(Delivery.created_at >= wanted.since)
    if wanted.until is not None:
        clauses.append(Delivery.created_at < wanted.until)
    return clauses


def _code(text: str) -> sa.ColumnElement[bool]:
    found = _CODE.fullmatch(text.strip())
    if found is None:
        raise ValueError("Write a status code as 500, or as 5xx for all of its hundred.")
    if found[2].lower() == "xx":
        first = int(found[1]) * 100
        return Delivery.last_status_code.between(first, first + 99)
    return Delivery.last_status_code == int(found[0])
