"""Was this secret shown already? A row says so, since whoever copied a cookie could ask again with it.

It stands among the idempotency keys, which are the same promise: done once, and forgotten when its time is over.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.storage.people import Idempotency

_ROUTE = "shown once"


def is_first_time(engine: Engine, sealed: str, *, owner: str, until: datetime) -> bool:
    """Whether nobody asked for this before; they have now. After `until` the caller refuses by itself."""
    digest = hashlib.sha256(sealed.encode()).hexdigest()
    row = Idempotency(
        token_id=owner, route=_ROUTE, key=digest, body_hash=digest, answer=None, expires_at=until
    )
    try:
        with engine.sessions.begin() as session:
            session.add(row)
    except sa.exc.IntegrityError:
        return False
    return True
