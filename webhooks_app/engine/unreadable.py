"""What becomes of deliveries that were held because a listener could not be opened? They go on once it can.

Its secret could not be read, or its hook's settings could not be used. The keys and the hooks of a process
change only when it starts, so each worker looks once, at its start: after the last one has got the right
ones, nothing stays held. A new secret, or new headers, let the deliveries of that listener go on at once;
whoever claims them decides anew.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.holding import let_go
from webhooks_app.engine.unsealed import SECRET_UNREADABLE, SETTINGS_UNUSABLE, unseal
from webhooks_app.errors import SecretUnavailable
from webhooks_app.storage.models import Delivery, Listener, State, Status
from webhooks_app.storage.queries import sealed
from webhooks_app.storage.queries.indexed import ENDED_BADLY

log = logging.getLogger("webhooks_app.worker")

_LOOKED_AT = 5  # the newest secrets

_IS_HELD_FOR_IT = sa.and_(
    ENDED_BADLY,
    Delivery.status == Status.HELD,
    sa.or_(
        Delivery.reason == SECRET_UNREADABLE,
        Delivery.reason.startswith(SETTINGS_UNUSABLE.partition("{")[0], autoescape=True),
    ),
)


def release_readable(engine: Engine) -> int:
    """Let go on what this process can send; gives how many deliveries.

    A database that is away, or has no tables yet, leaves it to the next start: a worker begins without it.
    """
    try:
        count = _release_readable(engine)
    except sa.exc.DBAPIError as error:
        log.warning("What is held for a listener that could not be opened was not looked at: %s", error.orig)
        return 0
    if count:
        log.info("%d deliveries that were held for a listener that could not be opened go on.", count)
    return count


def release(session: Session, listener_ids: Collection[str], *, now: datetime) -> int:
    """Let go on what was held because these listeners could not be opened; gives how many deliveries."""
    return let_go(session, _IS_HELD_FOR_IT & Delivery.listener_id.in_(listener_ids), now=now)


def is_key_missing(engine: Engine, session: Session) -> bool:
    """Whether this process lacks the key of a listener: of one of the last few, because a page cannot ask all."""
    for value in sealed.newest_secrets(session, limit=_LOOKED_AT, now=engine.clock()):
        try:
            engine.seal.open(value.sealed, owner=value.listener_id, field=sealed.SECRETS.field)
        except SecretUnavailable:
            return True
    return False


def _release_readable(engine: Engine) -> int:
    query = (
        sa.select(Listener.id, Listener.version)
        .where(Listener.id.in_(sa.select(Delivery.listener_id).where(_IS_HELD_FOR_IT)))
        .where(Listener.state == State.ACTIVE, Listener.deleted_at.is_(None))
    )
    with engine.sessions() as session:
        versions = {row.id: row.version for row in session.execute(query)}
        readable = [one.listener_id for one in unseal(engine, session, versions).values() if not one.problem]
    if not readable:
        return 0
    with engine.sessions.begin() as session:
        return release(session, readable, now=engine.clock())
