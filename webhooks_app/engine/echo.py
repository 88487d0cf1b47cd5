"""How does the built-in receiver answer? As its box was told to, once it has kept the request and checked it.

A signature is checked with the live secrets of the listeners that send to the box: what a good receiver
does, so that a person sees it done.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.signing import key_of, verify
from webhooks_app.errors import FieldError, NotFound, Refused, SecretUnavailable
from webhooks_app.storage.echo import EchoBox, EchoRequest
from webhooks_app.storage.models import Listener

KEPT = 50
TOLERANCE = timedelta(minutes=5)

VERIFIED = "verified"
UNSIGNED = "The request is not signed: webhook-id, webhook-timestamp or webhook-signature is missing."
NO_LISTENER = "No listener sends here, so there is no secret to check with."
NO_SECRET = "The listener's secret cannot be read."  # nosec B105 # a sentence
STALE = "The timestamp is more than 5 minutes away from now."
FORGED = "The signature does not match."


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answers, and how long it takes its time."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


ANSWERS: Mapping[str, Reply] = {
    "200": Reply(200),
    "500": Reply(500),
    "429": Reply(429, {"retry-after": "5"}),
    "410": Reply(410),
    "slow": Reply(200, delay_seconds=5.0),
}


def open_box(engine: Engine, *, by: Actor) -> EchoBox:
    """Make a box with an address that nobody can guess; it answers 200."""
    now = engine.clock()
    box = EchoBox(token=secrets.token_urlsafe(32), answer="200", created_at=now)
    with engine.sessions.begin() as session:
        session.add(box)
        note(session, by, "create", "echo box", box.token, after={"answer": box.answer}, at=now)
    return box


def receive(engine: Engine, token: str, *, headers: Sequence[tuple[str, str]], body: bytes) -> Reply | None:
    """Keep a request with the verdict on its signature, and say how to answer; None without such a box."""
    now = engine.clock()
    with engine.sessions.begin() as session:
        box = session.get(EchoBox, token)
        if box is None:
            return None
        reply = ANSWERS[box.answer]
        request = EchoRequest(
            token=token,
            received_at=now,
            headers=[[name, value] for name, value in headers],
            body=body,
            answered=reply.status,
            verdict=_verdict(engine, session, token, headers=headers, body=body, now=now),
        )
        session.add(request)
        session.flush()
        _forget_old(session, token)
    return reply


def set_answer(engine: Engine, token: str, answer: str, *, by: Actor) -> EchoBox:
    """Have the box answer so from now on. Raises NotFound, and Refused for an answer it does not know."""
    if answer not in ANSWERS:
        raise Refused(FieldError("answer", "answer", f"The answer is one of {', '.join(ANSWERS)}."))
    with engine.sessions.begin() as session:
        box = _box(session, token)
        before, box.answer = {"answer": box.answer}, answer
        after = {"answer": answer}
        note(session, by, "change", "echo box", token, before=before, after=after, at=engine.clock())
    return box


def clear(engine: Engine, token: str, *, by: Actor) -> None:
    """Forget what the box received. Raises NotFound."""
    with engine.sessions.begin() as session:
        _box(session, token)
        session.execute(sa.delete(EchoRequest).where(EchoRequest.token == token))
        note(session, by, "clear", "echo box", token, at=engine.clock())


def _box(session: Session, token: str) -> EchoBox:
    box = session.get(EchoBox, token)
    if box is None:
        raise NotFound("There is no such box.")
    return box


def _verdict(
    engine: Engine,
    session: Session,
    token: str,
    *,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    now: datetime,
) -> str:
    given = {name.lower(): value for name, value in headers}
    webhook_id, signatures = given.get("webhook-id", ""), given.get("webhook-signature", "")
    timestamp = given.get("webhook-timestamp", "")
    if not (webhook_id and signatures and timestamp.isascii() and timestamp.isdigit()):
        return UNSIGNED
    if abs(int(timestamp[:15]) - now.timestamp()) > TOLERANCE.total_seconds():
        return STALE
    listeners = _listeners(session, token)
    if not listeners:
        return NO_LISTENER
    try:
        keys = list(_live_keys(engine, listeners, now=now))
    except SecretUnavailable:
        return NO_SECRET
    is_ours = verify(body, webhook_id=webhook_id, timestamp=int(timestamp), signatures=signatures, keys=keys)
    return VERIFIED if is_ours else FORGED


def _listeners(session: Session, token: str) -> Sequence[Listener]:
    query = (
        sa.select(Listener)
        .where(Listener.url.endswith(f"/echo/{token}", autoescape=True), Listener.deleted_at.is_(None))
        .options(selectinload(Listener.secrets))
    )
    return session.scalars(query).all()


def _live_keys(engine: Engine, listeners: Sequence[Listener], *, now: datetime) -> Iterator[bytes]:
    for listener in listeners:
        for secret in listener.secrets:
            if secret.expires_at is None or secret.expires_at > now:
                yield key_of(engine.seal.open(secret.sealed, owner=listener.id, field="secret"))


def _forget_old(session: Session, token: str) -> None:
    newest = (EchoRequest.received_at.desc(), EchoRequest.id.desc())
    kept = sa.select(EchoRequest.id).where(EchoRequest.token == token).order_by(*newest).limit(KEPT)
    session.execute(
        sa.delete(EchoRequest)
        .where(EchoRequest.token == token, EchoRequest.id.not_in(kept))
        .execution_options(synchronize_session=False)
    )
