"""How does an occurrence become an event that exists if and only if its transaction commits?

By one Core INSERT on the connection of the session that is open: nothing is flushed (a ModelHook publishes
from inside a flush) and nothing is committed. Only where no transaction is open does `publish` commit by
itself, in a session of its own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, outbox
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.firsthand import deliver_firsthand
from webhooks_app.engine.joining import begun_session
from webhooks_app.errors import DeliveryFailed, UnserializablePayload
from webhooks_app.payload import encode
from webhooks_app.registry import Occurrence
from webhooks_app.storage import ids
from webhooks_app.storage.models import Event


def publish(engine: Engine, occurrence: Occurrence, *, session: Any | None = None) -> str:
    """Store the occurrence and give its event's id (`evt_…`).

    `session` (default: the application's, if one is open) takes the event into its transaction if it has
    begun one. Raises UnserializablePayload if the body is larger than the setting allows, and DeliveryFailed
    for a synchronous hook that does not fail silently and whose event did not join a transaction.
    """
    row = event_row(engine, occurrence)
    joined = begun_session(engine, session)
    if joined is not None:
        joined.connection().execute(sa.insert(Event), row)
        reach("publish.after_insert")
        outbox.remember(engine, joined, event_id=row["id"], hook=occurrence.hook)
    else:
        _publish_alone(engine, occurrence, row)
    return ids.shown(ids.EVENT, row["id"])


def event_row(engine: Engine, occurrence: Occurrence) -> dict[str, Any]:
    """The columns of a new event. Raises UnserializablePayload if its body is too large."""
    body = encode(occurrence.payload)
    most = engine.settings.max_payload_bytes
    if len(body) > most:
        raise UnserializablePayload(
            f"The payload of {occurrence.hook.name} is {len(body)} bytes as JSON; at most {most} are allowed."
        )
    return {
        "id": ids.new_id(),
        "hook": occurrence.hook.name,
        "body": body,
        "changes": occurrence.changes or None,
        "sender": occurrence.sender,
        "test": False,
        "created_at": engine.clock(),
        "dispatched_at": None,
    }


def _publish_alone(engine: Engine, occurrence: Occurrence, row: dict[str, Any]) -> None:
    with engine.sessions.begin() as session:
        _insert(session, row)
        reach("publish.after_insert")
    reach("publish.after_commit")
    if occurrence.hook.asynchronous:
        outbox.ring(engine)
        return
    failures = deliver_firsthand(engine, [row["id"]])
    if failures and not occurrence.hook.fail_silently:
        raise DeliveryFailed("; ".join(failures))


def _insert(session: Session, row: dict[str, Any]) -> None:
    session.execute(sa.insert(Event), row)
