"""Which secrets sign for a listener? One, and after a rotation the old one too, until it expires.

Secrets are sealed with their listener's id; nobody sees one again after it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import fingerprint
from webhooks_app.errors import Conflict
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Secret

OVERLAP = timedelta(hours=24)
MOST_LIVE = 5


def add_secret(session: Session, seal: Seal, listener_id: str, secret: str, *, now: datetime) -> None:
    """Let this secret sign for the listener from now on."""
    session.add(
        Secret(
            id=new_id(),
            listener_id=listener_id,
            sealed=seal.seal(secret, owner=listener_id, field="secret"),
            last_four=secret[-4:],
            fingerprint=fingerprint(secret),
            created_at=now,
        )
    )


def turn(session: Session, seal: Seal, listener_id: str, secret: str, *, now: datetime) -> str:
    """Make `secret` the listener's own; the present one signs for another 24 hours. Gives its fingerprint.

    Raises Conflict if five still sign.
    """
    live = live_secrets(session, listener_id, now=now)
    if len(live) >= MOST_LIVE:
        moment = min(one.expires_at for one in live if one.expires_at is not None)
        raise Conflict(
            f"{len(live)} secrets of this listener still sign."
            f" The next one can be made at {moment:%Y-%m-%d %H:%M} UTC."
        )
    session.execute(sa.delete(Secret).where(Secret.listener_id == listener_id, Secret.expires_at <= now))
    before = ""
    for one in live:
        if one.expires_at is None:
            one.expires_at = now + OVERLAP
            before = one.fingerprint
    add_secret(session, seal, listener_id, secret, now=now)
    return before


def forget_secrets(session: Session, listener_id: str) -> None:
    """Delete every secret of a listener to which nothing is sent any more."""
    session.execute(sa.delete(Secret).where(Secret.listener_id == listener_id))


def live_secrets(session: Session, listener_id: str, *, now: datetime) -> Sequence[Secret]:
    """The secrets that sign now, newest first."""
    query = (
        sa.select(Secret)
        .where(
            Secret.listener_id == listener_id,
            sa.or_(Secret.expires_at.is_(None), Secret.expires_at > now),
        )
        .order_by(Secret.created_at.desc(), Secret.id.desc())
    )
    return session.scalars(query).all()
