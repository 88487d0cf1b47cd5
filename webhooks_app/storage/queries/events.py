"""Which events were there, and who got them? The list, one event with its deliveries, recent payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from webhooks_app.storage.models import Delivery, Event
from webhooks_app.storage.queries.page import Cursor, Page, page_of


def newest(
    session: Session,
    hook: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    test: bool | None = None,
    cursor: Cursor | str | None = None,
    limit: int = 25,
    with_deliveries: bool = False,
) -> Page[Event]:
    """A page of events (`since` <= created < `until`). Raises ValueError for a bad cursor."""
    query = sa.select(Event)
    if with_deliveries:
        query = query.options(selectinload(Event.deliveries))
    if hook:
        query = query.where(Event.hook == hook)
    if since is not None:
        query = query.where(Event.created_at >= since)
    if until is not None:
        query = query.where(Event.created_at < until)
    if test is not None:
        query = query.where(Event.test.is_(test))
    return page_of(
        session, query, moment_column=Event.created_at, id_column=Event.id, cursor=cursor, limit=limit
    )


def spread(session: Session, event_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many deliveries of each event stand where; an event without any has an empty dict."""
    query = (
        sa.select(Delivery.event_id, Delivery.status, sa.func.count())
        .where(Delivery.event_id.in_(event_ids))
        .group_by(Delivery.event_id, Delivery.status)
    )
    found: dict[str, dict[str, int]] = {event_id: {} for event_id in event_ids}
    for event_id, status, count in session.execute(query):
        found[event_id][status] = count
    return found


def one(session: Session, event_id: str) -> Event | None:
    """One event with its deliveries and their listeners."""
    deliveries = selectinload(Event.deliveries).options(joinedload(Delivery.listener))
    return session.scalar(sa.select(Event).where(Event.id == event_id).options(deliveries))


def latest_payloads(session: Session, hook: str, n: int = 100) -> list[dict[str, Any]]:
    """The payloads of a hook's last `n` events, newest first; test events are not among them."""
    return [json.loads(event.body) for event in latest(session, hook, n)]


def latest(session: Session, hook: str, n: int = 100) -> Sequence[Event]:
    """A hook's last `n` events, newest first, without their deliveries; tests are not among them."""
    query = (
        sa.select(Event)
        .where(Event.hook == hook, Event.test.is_(False))
        .order_by(Event.created_at.desc(), Event.id.desc())
        .limit(n)
    )
    return session.scalars(query).all()


def is_backlog_over(connection: sa.Connection, most: int) -> bool:
    """Whether more than `most` events wait to be dispatched; as quick as the backlog is short."""
    query = (
        sa.select(Event.id)
        .where(Event.dispatched_at.is_(None))
        .order_by(Event.created_at, Event.id)
        .offset(most)
        .limit(1)
    )
    return connection.scalar(query) is not None
