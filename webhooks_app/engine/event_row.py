"""What is written down of an occurrence? One row, with the very bytes that are signed and sent later."""

from __future__ import annotations

from typing import Any

from webhooks_app.engine import Engine
from webhooks_app.errors import UnserializablePayload
from webhooks_app.payload import encode
from webhooks_app.registry import Occurrence
from webhooks_app.storage import ids


def event_row(engine: Engine, occurrence: Occurrence, *, is_ours: bool = False) -> dict[str, Any]:
    """The columns of a new event. Raises UnserializablePayload if its body is too large, unless it `is_ours`."""
    body = encode(occurrence.payload)
    most = engine.settings.max_payload_bytes
    if len(body) > most and not is_ours:
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
