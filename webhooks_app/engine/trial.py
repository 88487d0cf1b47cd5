"""How is a listener tried out? A test event goes to it alone, at once, even while it is paused.

The event and the delivery are marked as tests: filters are not asked, and figures do not count them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.event_row import event_row
from webhooks_app.engine.queueing import push
from webhooks_app.errors import Conflict, FieldError, NotFound, Refused, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.payload import jsonable
from webhooks_app.registry import Occurrence
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Delivery, Event, Listener, Status
from webhooks_app.storage.queries.events import latest_payloads

_SAMPLES: dict[str, Any] = {"text": "example", "number": 1, "boolean": True, "list": [], "object": {}}


@dataclass(frozen=True, slots=True)
class Sent:
    """The rows of a test: their bare ids."""

    event_id: str
    delivery_id: str


def send_test(
    engine: Engine, listener_id: str, *, by: Actor, payload: Mapping[str, Any] | None = None
) -> Sent:
    """Send a test event to this listener. Without a payload: that of the hook's last event, else a sample.

    Raises NotFound, for a deleted listener too, Conflict for an unregistered hook, Refused for a bad payload.
    """
    now = engine.clock()
    with engine.sessions.begin() as session:
        listener = session.get(Listener, listener_id)
        if listener is None or listener.deleted_at is not None:
            raise NotFound("There is no such listener.")
        hook = _hook(engine, listener)
        event = _event(engine, hook, payload if payload is not None else sample(session, hook), by=by)
        session.execute(sa.insert(Event), event)
        delivery = {
            "id": new_id(), "event_id": event["id"], "listener_id": listener.id, "hook": hook.name,
            "status": Status.PENDING, "due_at": now, "queued_at": now, "created_at": now, "test": True,
        }  # fmt: skip
        session.execute(sa.insert(Delivery), delivery)
        note(session, by, "test", "listener", listener.id, after={"event": event["id"]}, at=now)
    push(engine, [delivery["id"]])
    return Sent(event["id"], delivery["id"])


def sample(session: Session, hook: Hook) -> dict[str, Any]:
    """A payload to try a listener with: the hook's last one, else an example of each argument's type."""
    latest = latest_payloads(session, hook.name, n=1)
    if latest:
        return latest[0]
    return {argument.name: _SAMPLES.get(argument.type, "example") for argument in hook.arguments}


def _hook(engine: Engine, listener: Listener) -> Hook:
    if listener.hook not in engine.hooks:
        raise Conflict(f"The hook {listener.hook} is not registered, so it cannot be tested.")
    return engine.hooks[listener.hook]


def _event(engine: Engine, hook: Hook, payload: Mapping[str, Any], *, by: Actor) -> dict[str, Any]:
    try:
        row = event_row(engine, Occurrence(hook, jsonable(payload), by.name[:200]))
    except UnserializablePayload as error:
        raise Refused(FieldError("payload", "payload", str(error))) from error
    return {**row, "test": True, "dispatched_at": row["created_at"]}
