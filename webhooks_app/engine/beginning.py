"""May a send that had to wait still begin? Asked, and written down, before it does; a statement, by its key.

What waited longer than a moment may have a listener that was paused, deleted or given another URL meanwhile: it goes
back, to be claimed, held or cancelled as that listener is now.

The worker for slow listeners holds what it claimed in lanes, up to some seconds. Its claim leaves the moment of the
attempt (`leased_at`) empty, and each send fills it in: if that worker is killed, what it never began is no attempt, and
nobody has to wonder whether the receiver got it. What is sent as soon as it is claimed is spared both.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.busy import PASSING
from webhooks_app.engine.claim import Claimed
from webhooks_app.storage.models import Delivery, Listener, Status

log = logging.getLogger("webhooks_app.deliver")

A_MOMENT = timedelta(seconds=1)
# How long a send lines up for SQLite's lock: its lease runs meanwhile, and a thread of the sender stands still.
PATIENCE_SECONDS = 2.0

_DELIVERIES = cast("sa.Table", Delivery.__table__)
_delivery, _listener = _DELIVERIES.c, Listener.__table__.c
# Whatever changes a listener gives it another version.
_IS_AS_IT_WAS = sa.exists().where(
    _listener.id == _delivery.listener_id, _listener.version == sa.bindparam("listener_version")
)
_BEGIN = (
    sa.update(_DELIVERIES)
    .where(
        _delivery.id == sa.bindparam("row_id"),
        _delivery.status == Status.SENDING,
        _delivery.lease_token == sa.bindparam("token"),
        _delivery.lease_until >= sa.bindparam("enough"),
        _IS_AS_IT_WAS,
    )
    .values(leased_at=sa.bindparam("now"))
    .returning(_delivery.id)
)


def begin(engine: Engine, claimed: Claimed, *, now: datetime) -> bool:
    """Write down that this send begins; False if it may not.

    Its listener has changed, its lease was lost or would end before it, or the database is away.
    """
    try:
        with engine.sessions.begin() as session:
            session.connection(execution_options={"sqlite_patience": PATIENCE_SECONDS})
            return session.scalar(_BEGIN, _parameters(engine, claimed, now=now)) is not None
    except (*PASSING, sa.exc.TimeoutError) as error:
        log.warning(
            "The delivery %s does not begin, for the database takes nothing (%s).",
            claimed.id,
            error,
            extra=claimed.in_log,
        )
        return False


def _parameters(engine: Engine, claimed: Claimed, *, now: datetime) -> dict[str, Any]:
    # The clock is asked once the transaction has begun, for which it may have lined up.
    return {
        "row_id": claimed.id,
        "token": claimed.token,
        "enough": engine.clock() + timedelta(seconds=claimed.listener.timeout_seconds),
        "listener_version": claimed.listener.version,
        "now": now,
    }
