"""How is a listener written down? With its first secret, locked while it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.authorities import prints_of
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import fingerprint, new_secret
from webhooks_app.engine.signing_keys import add_secret
from webhooks_app.engine.wanted import Wanted, check
from webhooks_app.errors import Conflict, NotFound
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Listener, State


@dataclass(frozen=True, slots=True)
class Made:
    """A new listener, and its secret for the only time that it is shown."""

    listener: Listener
    secret: str


def create(
    engine: Engine,
    hook_name: str,
    wanted: Wanted,
    *,
    by: Actor,
    secret: str | None = None,
    code_key: str | None = None,
    row_id: str | None = None,
) -> Made:
    """Make a listener. Raises NotRegistered for an unknown hook, Refused for what it cannot be.

    With a `row_id` it is made once, however often that is asked for: Conflict where it is there already.
    """
    wanted = check(engine, engine.hooks[hook_name], wanted, secret=secret)
    now, made = engine.clock(), secret or new_secret()
    row = {"id": row_id or new_id(), "hook": hook_name, "state": State.ACTIVE, "code_key": code_key}
    moments = {"state_since": now, "created_at": now, "updated_at": now}
    listener = Listener(**row, **moments, **columns_of(wanted))
    listener.headers_sealed = sealed_headers(engine.seal, listener.id, wanted.headers)
    with engine.sessions.begin() as session:
        session.add(listener)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            if row_id is None:
                raise
            raise Conflict("This listener has been made already.") from error
        add_secret(session, engine.seal, listener.id, made, now=now)
        after = {**described(wanted), "hook": hook_name, "secret": fingerprint(made)}
        note(session, by, "create", "listener", listener.id, after=after, at=now)
    return Made(listener, made)


def locked(session: Session, listener_id: str) -> Listener:
    """The listener, locked until the transaction ends. Raises NotFound; a deleted one is not found either."""
    listener = session.get(Listener, listener_id, with_for_update=True)
    if listener is None or listener.deleted_at is not None:
        raise NotFound("There is no such listener.")
    return listener


def touch(listener: Listener, *, now: datetime) -> None:
    """Give the listener a new version, so that every process reads it anew."""
    listener.updated_at = now
    flag_modified(listener, "updated_at")  # a second change in the same millisecond counts too


def columns_of(wanted: Wanted) -> dict[str, Any]:
    """The columns that what is wanted fills, but for its headers."""
    return {
        "url": wanted.url,
        "name": wanted.name,
        "filter": wanted.filter.to_json(),
        "timeout_seconds": wanted.timeout_seconds,
        "retry_schedule": wanted.retry_schedule,
        "rate_limit_per_second": wanted.rate_limit_per_second,
        "sends_in_flight": wanted.sends_in_flight,
        "body_format": wanted.body_format,
        "answer_bodies": wanted.answer_bodies,
        "public_headers": list(wanted.public_headers),
        "trusted_ca": wanted.trusted_ca,
        "config": dict(wanted.config),
    }


def described(wanted: Wanted) -> dict[str, Any]:
    """As the audit log shows it: a header's value and an authority by their fingerprints."""
    headers = {name: fingerprint(value) for name, value in wanted.headers.items()}
    return {**columns_of(wanted), "headers": headers, "trusted_ca": prints_of(wanted.trusted_ca)}


def sealed_headers(seal: Seal, listener_id: str, headers: Mapping[str, str]) -> str | None:
    """The listener's own headers as its row keeps them; None for none."""
    if not headers:
        return None
    return seal.seal(json.dumps(dict(headers)), owner=listener_id, field="headers")
