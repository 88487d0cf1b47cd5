"""Does a send that had to wait begin? It is written down before, where its claim did not say so already.

The worker for slow listeners holds what it claimed in lanes, up to some seconds. Its claim leaves the moment of the
attempt (`leased_at`) empty, and each send fills it in: if that worker is killed, what it never began is no attempt, and
nobody has to wonder whether the receiver got it. A statement a send, by its key; the other workers send at once what
they claim, and are spared it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.busy import PASSING
from webhooks_app.engine.claim import Claimed
from webhooks_app.storage.models import Delivery, Status

log = logging.getLogger("webhooks_app.deliver")

_DELIVERIES = cast("sa.Table", Delivery.__table__)
_delivery = _DELIVERIES.c
_BEGIN = (
    sa.update(_DELIVERIES)
    .where(
        _delivery.id == sa.bindparam("row_id"),
        _delivery.status == Status.SENDING,
        _delivery.lease_token == sa.bindparam("token"),
    )
    .values(leased_at=sa.bindparam("now"))
    .returning(_delivery.id)
)


def begin(engine: Engine, claimed: Claimed, *, now: datetime) -> bool:
    """Write down that this send begins; False if it may not: its lease was lost, or the database is away."""
    try:
        with engine.sessions.begin() as session:
            own = {"row_id": claimed.id, "token": claimed.token, "now": now}
            return session.scalar(_BEGIN, own) is not None
    except (*PASSING, sa.exc.TimeoutError) as error:
        log.warning(
            "The delivery %s does not begin, for the database takes nothing (%s).",
            claimed.id,
            error,
            extra=claimed.in_log,
        )
        return False
