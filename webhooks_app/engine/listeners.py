"""How do listeners come, change and go?

Every verb opens its own session, commits once, leaves an audit entry and gives the row detached. Rows are
locked while they change, so that two people's changes follow each other. `check` (wanted.py) is the one
validator, listener_rows.py makes them, trial.py tests them, declared.py keeps those that code declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, changed, note
from webhooks_app.engine.authorities import prints_of
from webhooks_app.engine.claim import GONE
from webhooks_app.engine.declared import save_declared
from webhooks_app.engine.health import forget, go_on
from webhooks_app.engine.holding import hold_waiting, release_held
from webhooks_app.engine.listener_rows import (
    Made,
    columns_of,
    create,
    described,
    locked,
    sealed_headers,
    touch,
)
from webhooks_app.engine.signing import fingerprint, new_secret
from webhooks_app.engine.signing_keys import LONGEST_OVERLAP, OVERLAP, forget_secrets, turn
from webhooks_app.engine.trial import Sent, send_test
from webhooks_app.engine.unreadable import release
from webhooks_app.engine.wanted import Wanted, check, own_headers, wanted_of
from webhooks_app.errors import Conflict, FieldError, Refused, SecretUnavailable
from webhooks_app.storage.models import Delivery, Listener, State, Status
from webhooks_app.storage.queries.indexed import IS_UNSENT

__all__ = [
    "Made", "Sent", "Wanted", "change", "check", "create", "delete", "own_headers", "pause", "resume",
    "rotate_secret", "save_declared", "send_test", "wanted_of",
]  # fmt: skip


def change(
    engine: Engine, listener_id: str, wanted: Wanted, *, by: Actor, version: int | None = None
) -> Listener:
    """Make the listener what is wanted now; retries of its deliveries use the new URL as well.

    Raises NotFound, Refused, and Conflict if its version is no longer `version`.
    """
    with engine.sessions.begin() as session:
        listener = locked(session, listener_id)
        if version is not None and version != listener.version:
            raise Conflict("Changed by someone else meanwhile.")
        if listener.hook not in engine.hooks:
            raise Conflict(f"The hook {listener.hook} is not registered, so its listeners cannot be changed.")
        wanted = check(engine, engine.hooks[listener.hook], wanted)
        _write(engine, session, listener, wanted, by=by)
    return listener


def pause(engine: Engine, listener_id: str, *, by: Actor) -> Listener:
    """Stop sending: what waits, and what comes, is held until it is resumed."""
    with engine.sessions.begin() as session:
        listener = locked(session, listener_id)
        if listener.state != State.PAUSED:
            _set_state(engine, session, listener, State.PAUSED, f"Paused by {by.name}.", act="pause", by=by)
            more_at = hold_waiting(session, listener.id, State.PAUSED, now=engine.clock())
            go_on(session, listener.id, more_at)
    return listener


def resume(engine: Engine, listener_id: str, *, by: Actor) -> Listener:
    """Send again, whether it was paused, failing or disabled: what was held for it is let go, at a pace.

    Its failures so far are forgotten. What its filter could not be asked about stays held; a person may retry that.
    """
    now = engine.clock()
    with engine.sessions.begin() as session:
        listener = locked(session, listener_id)
        if listener.state != State.ACTIVE:
            _set_state(engine, session, listener, State.ACTIVE, "", act="resume", by=by)
        forget(session, listener.id)
        go_on(session, listener.id, release_held(session, listener.id, now=now))
    return listener


def delete(engine: Engine, listener_id: str, *, by: Actor) -> Listener:
    """Take the listener away with its secrets: its deliveries stay readable, and what still waits is cancelled."""
    now = engine.clock()
    with engine.sessions.begin() as session:
        listener = locked(session, listener_id)
        listener.deleted_at = listener.updated_at = now
        listener.code_key = None
        session.execute(
            sa.update(Delivery)
            .where(IS_UNSENT, Delivery.listener_id == listener.id)
            .values(status=Status.CANCELLED, reason=GONE, queued_at=None, finished_at=now)
            .execution_options(synchronize_session=False)
        )
        forget(session, listener.id)
        forget_secrets(session, listener.id)
        before = {"hook": listener.hook, "url": listener.url, "name": listener.name}
        note(session, by, "delete", "listener", listener.id, before=before, at=now)
    return listener


def rotate_secret(engine: Engine, listener_id: str, *, by: Actor, overlap: timedelta = OVERLAP) -> str:
    """Give the listener a new secret, shown this once; the old one signs too for the overlap.

    Without an overlap every old one stops at once. Raises Refused for one that is not of 0 to 7 days, Conflict if
    five secrets still sign, saying when the next may be made.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Refused(FieldError("overlap_seconds", "out_of_range", "An old secret signs for 0 to 7 days."))
    now, secret = engine.clock(), new_secret()
    with engine.sessions.begin() as session:
        listener = locked(session, listener_id)
        before = turn(session, engine.seal, listener.id, secret, now=now, overlap=overlap)
        touch(listener, now=now)
        release(session, [listener.id], now=now)
        after = {"secret": fingerprint(secret), "overlap_seconds": int(overlap.total_seconds())}
        prints: dict[str, Any] = {"before": {"secret": before}, "after": after}
        note(session, by, "rotate-secret", "listener", listener.id, at=now, **prints)
    return secret


def _write(engine: Engine, session: Session, listener: Listener, wanted: Wanted, *, by: Actor) -> None:
    try:
        headers: Mapping[str, str] | None = own_headers(engine, listener)
    except SecretUnavailable:
        headers = None  # what cannot be read is replaced by what was given
    columns = columns_of(wanted)
    before = {name: getattr(listener, name) for name in columns}
    before["headers"] = {name: fingerprint(value) for name, value in (headers or {}).items()}
    before["trusted_ca"] = prints_of(listener.trusted_ca)
    old, new = changed(before, described(wanted))
    if not new and headers is not None:
        return
    for name, value in columns.items():
        setattr(listener, name, value)
    if dict(wanted.headers) != headers:
        listener.headers_sealed = sealed_headers(engine.seal, listener.id, wanted.headers)
    now = engine.clock()
    touch(listener, now=now)
    if headers is None:
        release(session, [listener.id], now=now)
    note(session, by, "change", "listener", listener.id, before=old, after=new, at=now)


def _set_state(
    engine: Engine, session: Session, listener: Listener, state: State, reason: str, *, act: str, by: Actor
) -> None:
    now = engine.clock()
    before = {"state": listener.state, "state_reason": listener.state_reason}
    listener.state, listener.state_reason, listener.state_since = state, reason, now
    touch(listener, now=now)
    after = {"state": state, "state_reason": reason}
    note(session, by, act, "listener", listener.id, before=before, after=after, at=now)
