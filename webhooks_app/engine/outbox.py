"""When is the doorbell rung? After the outermost commit, and never before; a dropped event is logged.

What a transaction published is remembered in its session together with the transaction it belongs to:
the release of a SAVEPOINT hands it to the transaction around it, the outermost commit rings, and whatever
is left when its transaction ends was lost with it. SQLAlchemy fires `after_commit` for SAVEPOINTs too,
and refuses SQL inside it; an exception there would leave the caller's session unusable.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction

from webhooks_app.engine import Engine
from webhooks_app.engine.doorbell import ring
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.firsthand import deliver_firsthand
from webhooks_app.event import Hook
from webhooks_app.storage import ids

log = logging.getLogger("webhooks_app.publish")

_KEY = "webhooks_outbox"


@dataclass(slots=True)
class _Waiting:
    """One event that waits for its transaction."""

    engine: Engine
    event_id: str
    hook: Hook
    transaction: SessionTransaction | None


def remember(engine: Engine, session: Session, *, event_id: str, hook: Hook) -> None:
    """Keep in mind that `session`'s present transaction published this event."""
    waiting: list[_Waiting] = session.info.setdefault(_KEY, [])
    transaction = session.get_nested_transaction() or session.get_transaction()
    waiting.append(_Waiting(engine, event_id, hook, transaction))


def listen() -> None:
    """Watch the transactions of every session; safe to call again."""
    if not sa.event.contains(Session, "after_commit", _after_commit):
        sa.event.listen(Session, "after_commit", _after_commit)
        sa.event.listen(Session, "after_transaction_end", _after_end)


def _after_commit(session: Session) -> None:
    waiting: list[_Waiting] | None = session.info.get(_KEY)
    if not waiting:
        return
    released = session.get_nested_transaction()
    if released is not None:
        for one in waiting:
            if one.transaction is released:
                one.transaction = released.parent
        return
    del session.info[_KEY]
    _send_off(waiting)


def _after_end(session: Session, transaction: SessionTransaction) -> None:
    waiting: list[_Waiting] | None = session.info.get(_KEY)
    if not waiting:
        return
    lost = [one for one in waiting if one.transaction is transaction]
    session.info[_KEY] = [one for one in waiting if one.transaction is not transaction]
    for one in lost:
        log.warning(
            "The event %s of the hook %s was dropped with its transaction; was db.session.commit() forgotten?",
            ids.shown(ids.EVENT, one.event_id),
            one.hook.name,
        )


def _send_off(waiting: list[_Waiting]) -> None:
    engine = waiting[0].engine
    firsthand = [one.event_id for one in waiting if not one.hook.asynchronous]
    try:
        reach("publish.after_commit")
        if len(firsthand) < len(waiting):
            ring(engine)
        if firsthand:
            for failure in deliver_firsthand(engine, firsthand):
                log.warning("A synchronous first attempt failed: %s", failure)
    except Exception:
        # The caller has committed and must not fail any more; what was not done here is the sweep's.
        log.exception("Events were left to the sweep.")
