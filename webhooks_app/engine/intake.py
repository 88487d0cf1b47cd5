"""How do events come in from outside, each once? In transactions of our own, for the API and the command line.

An `Idempotency-Key` and what was done for it commit together: a request that died half-way left neither,
and its repetition does the work; a request that was answered is answered the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webhooks_app.builtin import is_built_in
from webhooks_app.engine import Engine
from webhooks_app.engine.doorbell import ring
from webhooks_app.engine.event_row import event_row
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.publish import EVENTS
from webhooks_app.errors import Conflict, FieldError, Refused, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.payload import jsonable
from webhooks_app.registry import Occurrence
from webhooks_app.storage.models import Event
from webhooks_app.storage.people import Idempotency

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
FORGOTTEN_AT_ONCE = 10
_FAULTS_NAMED = 20
# What comes in from outside is anybody's word, and whoever is paged by such a hook must be able to believe it.
BUILT_IN = "The hook {name} is sent by Webhooks App itself, when a listener takes this step."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request with an Idempotency-Key is answered; `repeated` if it was done before."""

    answer: dict[str, Any]
    repeated: bool


def publish(engine: Engine, hook_name: str, payload: Mapping[str, Any], *, sender: str) -> Event:
    """Store one event and ring; no receiver is waited for, whatever the hook says of its own `send`.

    Raises NotRegistered, and Refused on the fields `hook` (built_in) and `payload` (payload, payload_too_large).
    """
    with engine.sessions.begin() as session:
        event = add(engine, session, hook_name, payload, sender=sender)
    reach("publish.after_commit")
    ring(engine)
    return event


def publish_many(
    engine: Engine, hook_name: str, payloads: Sequence[Mapping[str, Any]], *, sender: str
) -> list[str]:
    """Store all of these events or none, and ring; gives their bare ids in the same order.

    Raises NotRegistered, and Refused on the fields `hook` and `events.<index>.payload`.
    """
    with engine.sessions.begin() as session:
        ids = add_many(engine, session, hook_name, payloads, sender=sender)
    reach("publish.after_commit")
    ring(engine)
    return ids


def add(
    engine: Engine, session: Session, hook_name: str, payload: Mapping[str, Any], *, sender: str
) -> Event:
    """As `publish`, in a transaction that is open: for `once`, which commits and rings."""
    row = _row(engine, _hook(engine, hook_name), payload, sender=sender, field="payload")
    session.connection().execute(EVENTS, row)
    reach("publish.after_insert")
    return Event(**row)


def add_many(
    engine: Engine, session: Session, hook_name: str, payloads: Sequence[Mapping[str, Any]], *, sender: str
) -> list[str]:
    """As `publish_many`, in a transaction that is open: for `once`, which commits and rings."""
    hook = _hook(engine, hook_name)
    rows: list[dict[str, Any]] = []
    errors: list[FieldError] = []
    for index, payload in enumerate(payloads):
        try:
            rows.append(_row(engine, hook, payload, sender=sender, field=f"events.{index}.payload"))
        except Refused as refused:
            errors += refused.errors
    if errors:
        raise Refused(*errors[:_FAULTS_NAMED])
    if rows:
        session.connection().execute(EVENTS, rows)
        reach("publish.after_insert")
    return [str(row["id"]) for row in rows]


def once(
    engine: Engine,
    *,
    token_id: str,
    route: str,
    key: str,
    body_hash: str,
    act: Callable[[Session], dict[str, Any]],
) -> Answer:
    """Do `act` in one transaction with its key, commit and ring; or give the answer it had within 24 hours.

    Raises Refused for a key with another body (idempotency_key_reused) or of bad form
    (idempotency_key_format), and Conflict while the first request is being worked on.
    """
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise _refused("idempotency_key_format", f"Write 1 to {LONGEST_KEY} printable characters.")
    place = {"token_id": token_id, "route": route, "key": key}
    now = engine.clock()
    with engine.sessions.begin() as session:
        _wait_for_nobody(session, place)
        if not _claim(session, place, body_hash=body_hash, now=now):
            return _known(session, place, body_hash=body_hash)
        answer = act(session)
        session.execute(_at(sa.update(Idempotency), place).values(answer=answer))
        _forget_expired(session, now=now)
    reach("publish.after_commit")
    ring(engine)
    return Answer(answer, repeated=False)


def _hook(engine: Engine, name: str) -> Hook:
    """The hook that is sent from outside. Raises NotRegistered, and Refused for a built-in one."""
    hook = engine.hooks[name]
    if is_built_in(name):
        raise Refused(FieldError("hook", "built_in", BUILT_IN.format(name=name)))
    return hook


def _row(
    engine: Engine, hook: Hook, payload: Mapping[str, Any], *, sender: str, field: str
) -> dict[str, Any]:
    try:
        occurrence = Occurrence(hook, jsonable(payload), sender[:200])
    except UnserializablePayload as error:
        raise Refused(FieldError(field, "payload", str(error))) from error
    try:
        return event_row(engine, occurrence)
    except UnserializablePayload as error:
        most = _size(engine.settings.max_payload_bytes)
        raise Refused(FieldError(field, "payload_too_large", f"Payload is larger than {most}.")) from error


def _size(count: int) -> str:
    return f"{count // 1024} KiB" if count % 1024 == 0 else f"{count} bytes"


def _wait_for_nobody(session: Session, place: Mapping[str, str]) -> None:
    # On PostgreSQL the same key's second INSERT would wait for the first one's commit; the lock says at
    # once that it is in flight, and goes away with its transaction. SQLite writes one at a time anyway.
    if session.get_bind().dialect.name != "postgresql":
        return
    name = sa.func.hashtextextended("\n".join(place.values()), 0)
    if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(name))):
        raise Conflict("The first request with this Idempotency-Key is still being worked on.")


def _claim(session: Session, place: Mapping[str, str], *, body_hash: str, now: datetime) -> bool:
    """Whether this request is the first with its key; one that has expired does not count."""
    session.execute(_at(sa.delete(Idempotency), place).where(Idempotency.expires_at <= now))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(Idempotency)
        .values(**place, body_hash=body_hash, answer=None, expires_at=now + KEPT)
        .on_conflict_do_nothing()
        .returning(Idempotency.key)
    )
    return session.scalar(statement) is not None


def _forget_expired(session: Session, *, now: datetime) -> None:
    """Each new key takes a few old ones away, so that the table holds no more than a day's."""
    # Last in its transaction, and past what others hold: it waits for nobody, so nothing can deadlock.
    where = (Idempotency.token_id, Idempotency.route, Idempotency.key)
    few = sa.select(*where).where(Idempotency.expires_at <= now).order_by(Idempotency.expires_at)
    few = few.limit(FORGOTTEN_AT_ONCE).with_for_update(skip_locked=True)
    session.execute(
        sa.delete(Idempotency).where(sa.tuple_(*where).in_(few)).execution_options(synchronize_session=False)
    )


def _known(session: Session, place: Mapping[str, str], *, body_hash: str) -> Answer:
    found = session.get_one(Idempotency, tuple(place.values()))
    if found.body_hash != body_hash:
        raise _refused("idempotency_key_reused", "This Idempotency-Key was used with another body.")
    if found.answer is None:
        raise Conflict("The first request with this Idempotency-Key is still being worked on.")
    return Answer(found.answer, repeated=True)


def _at(statement: Any, place: Mapping[str, str]) -> Any:
    return statement.where(*(getattr(Idempotency, name) == value for name, value in place.items()))


def _refused(code: str, sentence: str) -> Refused:
    return Refused(FieldError("Idempotency-Key", code, sentence))
