"""What lets a program in? A token that is shown once; only its hash is kept.

`whk_`, 32 random bytes in URL-safe base64, and six digits that check the rest, so that scanners recognise a
leaked token and a mistyped one asks nothing of the database.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.errors import Conflict, FieldError, NotFound, Refused
from webhooks_app.payload import json_value
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.people import ApiToken, Scope

PREFIX = "whk_"
LONGEST_NAME = 200
SEEN_EVERY = timedelta(minutes=1)
_CHECK_DIGITS = 6


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token's row, and the token itself for the only time that it is shown."""

    row: ApiToken
    token: str


def create_token(
    engine: Engine,
    name: str,
    scope: str,
    *,
    by: Actor,
    expires_at: datetime | None = None,
    row_id: str | None = None,
) -> NewToken:
    """Make a token. Raises Refused on name (name_length) and scope (scope).

    With a `row_id` it is made once, however often that is asked for: Conflict where it is there already.
    """
    name, wanted = name.strip(), _scope(scope)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        sentence = f"Write 1 to {LONGEST_NAME} characters that say who uses it."
        raise Refused(FieldError("name", "name_length", sentence))
    now, token = engine.clock(), _new_token()
    kept = {"token_hash": _hash(token), "last_four": token[-4:]}
    row = ApiToken(
        id=row_id or new_id(), name=name, scope=wanted, created_at=now, expires_at=expires_at, **kept
    )
    with engine.sessions.begin() as session:
        session.add(row)
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            if row_id is None:
                raise
            raise Conflict("This token has been made already.") from error
        after: dict[str, Any] = {"name": name, "scope": wanted}
        if expires_at is not None:
            after["expires_at"] = json_value(expires_at)
        note(session, by, "create", "token", row.id, after=after, at=now)
    return NewToken(row, token)


def revoke_token(engine: Engine, token_id: str, *, by: Actor) -> ApiToken:
    """End a token at once. Raises NotFound."""
    now = engine.clock()
    with engine.sessions.begin() as session:
        row = session.get(ApiToken, token_id, with_for_update=True)
        if row is None:
            raise NotFound("There is no such token.")
        if row.revoked_at is None:
            row.revoked_at = now
            note(session, by, "revoke", "token", row.id, before={"name": row.name}, at=now)
    return row


def token_of(session: Session, bearer: str, *, now: datetime | None = None) -> ApiToken | None:
    """The row of a token that is good now; None for one that is unknown, revoked or expired."""
    if not _is_well_formed(bearer):
        return None
    row = session.scalar(sa.select(ApiToken).where(ApiToken.token_hash == _hash(bearer)))
    if row is None or row.revoked_at is not None:
        return None
    is_over = row.expires_at is not None and row.expires_at <= (now or datetime.now(UTC))
    return None if is_over else row


def touch_token(engine: Engine, row: ApiToken) -> None:
    """Note that the token was used, once a minute at most."""
    now = engine.clock()
    if row.last_used_at is not None and now - row.last_used_at < SEEN_EVERY:
        return
    with engine.sessions.begin() as session:
        session.execute(sa.update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now))


def _scope(scope: str) -> Scope:
    try:
        return Scope(scope)
    except ValueError:
        raise Refused(FieldError("scope", "scope", f"The scope is one of {', '.join(Scope)}.")) from None


def _new_token() -> str:
    body = PREFIX + secrets.token_urlsafe(32)
    return body + _check(body)


def _check(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:_CHECK_DIGITS]


def _is_well_formed(token: str) -> bool:
    body, check = token[:-_CHECK_DIGITS], token[-_CHECK_DIGITS:]
    # As bytes: compare_digest refuses text that is not ASCII.
    given = check.encode("utf-8", "surrogatepass")
    return body.startswith(PREFIX) and hmac.compare_digest(given, _check(body).encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
