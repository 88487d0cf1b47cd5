"""What becomes of deliveries that were held because a secret could not be read? They go on once it can.

The keys of a process change only when it starts, so each worker looks once, at its start: after the last one
has got the right keys, nothing stays held. A new secret, or new headers, let the deliveries of that
listener go on at once; whoever claims them decides anew.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.unsealed import unseal
from webhooks_app.storage.models import Delivery, Listener, State, Status
from webhooks_app.storage.queries.indexed import ENDED_BADLY

log = logging.getLogger("webhooks_app.worker")

SECRET_UNREADABLE = "The signing secret cannot be read with the present encryption keys."  # noqa: S105 (a sentence)

_IS_HELD_FOR_IT = sa.and_(ENDED_BADLY, Delivery.status == Status.HELD, Delivery.reason == SECRET_UNREADABLE)


def release_readable(engine: Engine) -> int:
    """Let go on what this process can sign; gives how many deliveries.

    A database that is away, or has no tables yet, leaves it to the next start: a worker begins without it.
    """
    try:
        count = _release_readable(engine)
    except sa.exc.DBAPIError as error:
        log.warning("What is held for an unreadable secret was not looked at: %s", error.orig)
        return 0
    if count:
        log.info("%d deliveries that were held for an unreadable secret go on.", count)
    return count


def release(session: Session, listener_ids: Collection[str], *, now: datetime) -> int:
    """Let go on what these listeners' unreadable secrets held; gives how many deliveries."""
    found = session.execute(
        sa.update(Delivery)
        .where(_IS_HELD_FOR_IT, Delivery.listener_id.in_(listener_ids))
        .values(
            status=sa.case((Delivery.tries == 0, Status.PENDING), else_=Status.RETRYING),
            reason="",
            due_at=now,
            queued_at=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


def _release_readable(engine: Engine) -> int:
    query = (
        sa.select(Listener.id, Listener.version)
        .where(Listener.id.in_(sa.select(Delivery.listener_id).where(_IS_HELD_FOR_IT)))
        .where(Listener.state == State.ACTIVE, Listener.deleted_at.is_(None))
    )
    with engine.sessions() as session:
        versions = {row.id: row.version for row in session.execute(query)}
        readable = [one.listener_id for one in unseal(engine, session, versions).values() if one.keys]
    if not readable:
        return 0
    with engine.sessions.begin() as session:
        return release(session, readable, now=engine.clock())
