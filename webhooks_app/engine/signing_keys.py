"""Which secrets sign for a listener? One, and after a rotation the old one too, for as long as was asked.

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
LONGEST_OVERLAP = timedelta(days=7)
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


def turn(
    session: Session,
    seal: Seal,
    listener_id: str,
    secret: str,
    *,
    now: datetime,
    overlap: timedelta = OVERLAP,
) -> str:
    """Make `secret` the listener's own; the present one signs on for the overlap. Gives its fingerprint.

    One that was turned before keeps its moment. Without an overlap nothing signs but the new one: whoever asks for
    that knows of a secret that got out, and may not know which. Raises Conflict if five still sign.
    """
    live = live_secrets(session, listener_id, now=now)
    before = next((one.fingerprint for one in live if one.expires_at is None), "")
    if overlap:
        _let_overlap(session, listener_id, live, now=now, until=now + overlap)
    else:
        forget_secrets(session, listener_id)
    add_secret(session, seal, listener_id, secret, now=now)
    return before


def _let_overlap(
    session: Session, listener_id: str, live: Sequence[Secret], *, now: datetime, until: datetime
) -> None:
    if len(live) >= MOST_LIVE:
        moment = min(one.expires_at for one in live if one.expires_at is not None)
        raise Conflict(
            f"{len(live)} secrets of this listener still sign."
            f" The next one can be made at {moment:%Y-%m-%d %H:%M} UTC,"
            " or now if the old ones stop signing at once."
        )
    session.execute(sa.delete(Secret).where(Secret.listener_id == listener_id, Secret.expires_at <= now))
    for one in live:
        if one.expires_at is None:
            one.expires_at = until


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
