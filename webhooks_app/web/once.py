"""How is a new secret shown exactly once, on the page that follows the form?

It waits in the session, sealed with the encryption keys, so that the cookie does not tell it; the page takes
it out, and the database keeps that it did. After five minutes it is worth nothing, wherever an old cookie may have
been kept.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from flask import session

from webhooks_app.engine.shown_once import is_first_time
from webhooks_app.errors import SecretUnavailable
from webhooks_app.web.shared import engine

LIVES_SECONDS = 300
_FIELD = "shown once"
_PLACE = "shown_once"


def keep(owner: str, secret: str) -> None:
    """Have the next page of `owner` (a row's id) show this secret."""
    text = json.dumps([secret, _now() + LIVES_SECONDS])
    session[_PLACE] = [owner, engine().seal.seal(text, owner=owner, field=_FIELD)]


def take(owner: str) -> str | None:
    """The secret that waits for `owner`, for this one time; None where none does."""
    kept_for, sealed = session.get(_PLACE) or (None, "")
    if kept_for != owner:
        return None
    secret, until = _opened(sealed, owner=owner)
    is_shown = _now() < until and is_first_time(
        engine(), sealed, owner=owner, until=datetime.fromtimestamp(until, UTC)
    )
    session.pop(
        _PLACE
    )  # after that: where the database takes nothing just now, the page can be asked for again
    return secret if is_shown else None


def _opened(sealed: str, *, owner: str) -> tuple[str, int]:
    """The secret and when it is worth nothing; at once, where no key opens it."""
    try:
        secret, until = json.loads(engine().seal.open(sealed, owner=owner, field=_FIELD))
    except SecretUnavailable:
        return "", 0
    return str(secret), int(until)


def _now() -> int:
    return int(engine().clock().timestamp())
