"""How is a new secret shown exactly once, on the page that follows the form?

It waits in the session, sealed with the encryption keys, so that the cookie does not tell it; the page takes
it out. After five minutes it is worth nothing, wherever an old cookie may have been kept.
"""

from __future__ import annotations

import json

from flask import session

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
    session.pop(_PLACE)
    try:
        secret, until = json.loads(engine().seal.open(sealed, owner=owner, field=_FIELD))
    except SecretUnavailable:
        return None
    return str(secret) if _now() < until else None


def _now() -> int:
    return int(engine().clock().timestamp())
