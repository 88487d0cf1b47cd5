"""What did the built-in receiver get? Its boxes, and the last requests of one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.echo import EchoBox, EchoRequest


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
