"""Whose transaction does an event join? That of the session the caller gave, else the application's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session, scoped_session

from webhooks_app.engine import Engine


def begun_session(engine: Engine, given: Any | None) -> Session | None:
    """The caller's session if it has begun a transaction; `given` may be a scoped_session such as `db.session`.

    Raises TypeError for anything else: an event that cannot join must not be committed apart.
    """
    session = engine.caller_session() if given is None else given
    if isinstance(session, scoped_session):
        session = session()
    if session is not None and not isinstance(session, Session):
        raise TypeError(f"An event joins an SQLAlchemy Session, not a {type(session).__name__}.")
    return session if session is not None and session.in_transaction() else None
