"""How is a listener kept that code declares? Once, although every process declares it at every start.

Its identity is its hook, URL and filter as they stand in the code. What people changed later in the
console stays as they want it; only a secret that the code gives is made the listener's own.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.draft import ListenerDraft
from webhooks_app.engine import Engine
from webhooks_app.engine.audit import CODE, note
from webhooks_app.engine.authorities import warnings
from webhooks_app.engine.listener_rows import columns_of, create, touch
from webhooks_app.engine.signing import fingerprint
from webhooks_app.engine.signing_keys import live_secrets, turn
from webhooks_app.engine.unreadable import release
from webhooks_app.engine.wanted import Wanted, check
from webhooks_app.errors import WebhooksError
from webhooks_app.schedule import waits_of
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries.revision import tables

log = logging.getLogger("webhooks_app.declared")

_SETTINGS = (
    "name", "timeout_seconds", "retry_schedule", "rate_limit_per_second", "sends_in_flight", "body_format",
    "answer_bodies", "headers", "public_headers", "trusted_ca",
)  # fmt: skip


def save_declared(engine: Engine, draft: ListenerDraft) -> Listener:
    """Keep the listener and give it; its `secret` can be read if it was just made, or given.

    Raises Refused for what it cannot be, NotRegistered if the engine does not know its hook.
    """
    listener = _saved(engine, draft)
    for sentence in warnings(listener.trusted_ca, now=engine.clock()):
        log.warning("The listener %s of %s: %s", listener.name, listener.hook, sentence)
    return listener


def save_or_postpone(engine: Engine, draft: ListenerDraft) -> Listener:
    """As `save_declared`; where the tables are not those of this code, keep the draft until they are.

    What it gives then describes the listener: it has no `id` yet, and a `secret` only if one was given.
    """
    try:
        return save_declared(engine, draft)
    except sa.exc.DBAPIError:
        if _tables_are_current(engine):
            raise
    if not engine.postponed:
        log.warning("The tables are not those of this version. Listeners declared in code are saved later.")
    engine.postponed.add(draft)
    return _described(engine, draft)


def save_postponed(engine: Engine) -> int:
    """Save what waits, if the tables are those of this code by now; gives how many were saved.

    Raises nothing for a listener that cannot be saved: whoever declared it has gone on, so the log is told.
    """
    if not engine.postponed or not _tables_are_current(engine):
        return 0
    saved = 0
    for draft in engine.postponed.take():
        try:
            save_declared(engine, draft)
            saved += 1
        except (WebhooksError, sa.exc.DBAPIError) as error:
            said = getattr(error, "orig", None) or error  # without the statement
            log.error("The listener %s of %s is not saved: %s", draft.url, draft.hook.name, said)
    return saved


def code_key(hook_name: str, wanted: Wanted) -> str:
    """What makes a declared listener the same one: 64 hexadecimal digits of hook, URL and filter."""
    identity = "\n".join((hook_name, wanted.url, wanted.filter.canonical()))
    return hashlib.sha256(identity.encode()).hexdigest()


def _saved(engine: Engine, draft: ListenerDraft) -> Listener:
    secret = draft.settings.get("secret")
    wanted = check(engine, engine.hooks[draft.hook.name], _wanted(draft), secret=secret)
    key = code_key(draft.hook.name, wanted)
    listener = _find(engine, key, secret=secret)
    if listener is not None:
        return listener
    try:
        made = create(engine, draft.hook.name, wanted, by=CODE, secret=secret, code_key=key)
    except sa.exc.IntegrityError:
        # Another process that starts just now was faster.
        listener = _find(engine, key, secret=secret)
        if listener is None:
            raise WebhooksError(f"The listener {wanted.name} came and went while it was saved.") from None
        return listener
    made.listener.secret = made.secret
    return made.listener


def _find(engine: Engine, key: str, *, secret: str | None) -> Listener | None:
    query = sa.select(Listener).where(Listener.code_key == key)
    with engine.sessions.begin() as session:
        listener = session.scalar(query)
        if listener is None:
            return None
        if secret is not None:
            _adopt(engine, session, listener, secret)
    if secret is not None:
        listener.secret = secret
    return listener


def _adopt(engine: Engine, session: Session, listener: Listener, secret: str) -> None:
    """Make the secret that the code gives the listener's own, unless it signs already."""
    now = engine.clock()
    if fingerprint(secret) in {one.fingerprint for one in live_secrets(session, listener.id, now=now)}:
        return
    before = turn(session, engine.seal, listener.id, secret, now=now)
    touch(listener, now=now)
    release(session, [listener.id], now=now)
    prints = {"before": {"secret": before}, "after": {"secret": fingerprint(secret)}}
    note(session, CODE, "rotate-secret", "listener", listener.id, at=now, **prints)


def _tables_are_current(engine: Engine) -> bool:
    with engine.sessions() as session:
        return tables(session).are_current


def _described(engine: Engine, draft: ListenerDraft) -> Listener:
    secret = draft.settings.get("secret")
    wanted = check(engine, engine.hooks[draft.hook.name], _wanted(draft), secret=secret)
    listener = Listener(hook=draft.hook.name, state=State.ACTIVE, **columns_of(wanted))
    if secret is not None:
        listener.secret = secret
    return listener


def _wanted(draft: ListenerDraft) -> Wanted:
    settings = {name: draft.settings[name] for name in _SETTINGS if name in draft.settings}
    if "retry_schedule" in settings:
        settings["retry_schedule"] = _schedule(settings["retry_schedule"])
    config = {
        name: value for name, value in draft.settings.items() if name not in _SETTINGS and name != "secret"
    }
    kept: dict[str, Any] = {"kept_filter": draft.filter, "kept_ca": settings.get("trusted_ca")}
    return Wanted(url=draft.url, filter=draft.filter, config=config, **kept, **settings)


def _schedule(given: Any) -> str | None:
    """A schedule as text; code may also give a list (see `waits_of`). What is neither is left to `check`."""
    if not isinstance(given, list | tuple):
        return given  # type: ignore[no-any-return]  # whatever it is
    try:
        return ",".join(f"{wait.total_seconds():f}".rstrip("0").rstrip(".") + "s" for wait in waits_of(given))
    except ValueError:
        return given  # type: ignore[return-value]  # as it was written, to be refused as that
