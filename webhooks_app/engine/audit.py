"""Who did what? One row a change, written in its own transaction, and never altered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from webhooks_app.storage.people import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an e-mail, "token <name>", "code", "command line" or "system"; and from where, if known."""

    name: str
    ip: str | None = None
    request_id: str | None = None


STRANGER = "stranger"  # somebody of whom nothing is known but where they are

CODE = Actor("code")
COMMAND_LINE = Actor("command line")
SYSTEM = Actor("system")  # nobody asked for it: it follows from what happened


def note(
    session: Session,
    actor: Actor,
    act: str,
    object_type: str,
    object_id: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    at: datetime,
) -> None:
    """Add one entry. `before` and `after` hold what changed, as JSON; a secret only by its fingerprint."""
    session.add(
        AuditEntry(
            at=at,
            actor=actor.name[:254],
            act=act,
            object_type=object_type,
            object_id=object_id[:200],
            before=dict(before) if before is not None else None,
            after=dict(after) if after is not None else None,
            ip=actor.ip,
            request_id=actor.request_id[:40] if actor.request_id else None,
        )
    )


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two states: the old and the new values of the same keys."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
