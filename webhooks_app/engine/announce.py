"""Who hears of a listener in trouble? Whoever listens to the built-in hooks, through an event like any other.

The event is written in the transaction that changes the listener, so that it exists if and only if the change does.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.builtin import is_built_in
from webhooks_app.engine import Engine
from webhooks_app.engine.event_row import event_row
from webhooks_app.event import Hook
from webhooks_app.payload import jsonable
from webhooks_app.registry import Occurrence
from webhooks_app.storage import ids
from webhooks_app.storage.models import Event, Listener


def announce(
    engine: Engine,
    session: Session,
    hook: Hook,
    listener: Listener,
    *,
    reason: str,
    since: datetime | None,
    failures: int,
    next_moment: datetime | None = None,
) -> bool:
    """Write the event down; False where nobody must be told, because the listener is one of a built-in hook."""
    if is_built_in(listener.hook):
        return False
    payload = {
        "listener": ids.shown(ids.LISTENER, listener.id),
        "name": listener.name,
        "url": listener.url,
        "hook": listener.hook,
        "state": str(listener.state),
        "reason": reason,
        "since": since,
        "failures": failures,
        "next_moment": next_moment,
    }
    occurrence = Occurrence(hook, jsonable(payload), "system")
    session.execute(sa.insert(Event), event_row(engine, occurrence, is_ours=True))
    return True
