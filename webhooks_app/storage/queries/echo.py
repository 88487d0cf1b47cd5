"""What did the built-in receiver get? Its boxes, and the last requests of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.echo import EchoBox, EchoRequest


@dataclass(frozen=True, slots=True)
class Last:
    """How many requests a box keeps, and its last one."""

    count: int
    received_at: datetime
    verdict: str


def boxes(session: Session) -> Sequence[EchoBox]:
    """Every box, newest first."""
    return session.scalars(sa.select(EchoBox).order_by(EchoBox.created_at.desc(), EchoBox.token.desc())).all()


def box(session: Session, token: str) -> EchoBox | None:
    """One box, by its token."""
    return session.get(EchoBox, token)


def requests(session: Session, token: str) -> Sequence[EchoRequest]:
    """What a box received, newest first; at most the 50 that are kept."""
    query = (
        sa.select(EchoRequest)
        .where(EchoRequest.token == token)
        .order_by(EchoRequest.received_at.desc(), EchoRequest.id.desc())
    )
    return session.scalars(query).all()


def request_ids(session: Session, token: str) -> Sequence[str]:
    """The ids of the same requests alone, without what they hold."""
    query = (
        sa.select(EchoRequest.id)
        .where(EchoRequest.token == token)
        .order_by(EchoRequest.received_at.desc(), EchoRequest.id.desc())
    )
    return session.scalars(query).all()


def request(session: Session, token: str, request_id: str) -> EchoRequest | None:
    """One request of a box."""
    return session.scalar(
        sa.select(EchoRequest).where(EchoRequest.token == token, EchoRequest.id == request_id)
    )


def last_requests(session: Session) -> dict[str, Last]:
    """The last request of each box, by the box's token; a box that got none is missing."""
    newest_first = (EchoRequest.received_at.desc(), EchoRequest.id.desc())
    place = sa.func.row_number().over(partition_by=EchoRequest.token, order_by=newest_first)
    ranked = sa.select(
        EchoRequest.token,
        EchoRequest.received_at,
        EchoRequest.verdict,
        sa.func.count().over(partition_by=EchoRequest.token).label("kept"),
        place.label("place"),
    ).subquery()
    rows = session.execute(sa.select(ranked).where(ranked.c.place == 1))
    return {row.token: Last(row.kept, row.received_at, row.verdict) for row in rows}
