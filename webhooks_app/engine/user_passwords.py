"""How does a user get another password, or none? Whatever happens to it, whoever came in by the old one is out.

Passwords are hashed and compared outside any transaction, as in `accounts`.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, passwords
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.user_rows import let_nobody_in, locked_user
from webhooks_app.errors import Conflict, FieldError, NotFound, Refused
from webhooks_app.storage.people import User


def set_password(engine: Engine, user_id: str, password: str, *, by: Actor) -> User:
    """Give the user a new password, and end their sessions and open links. Raises NotFound, Refused."""
    kept = passwords.hashed(password)
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        _keep(engine, session, user, kept, act="set-password", by=by)
    return user


def change_password(engine: Engine, user_id: str, password: str, *, current: str, by: Actor) -> User:
    """The same for who knows the present one. Raises NotFound, Conflict, and Refused.

    Its fields are `current_password` (password_wrong) and `password` (password_short, password_long).
    """
    with engine.readings() as session:
        before = session.get(User, user_id)
    if before is None:
        raise NotFound("There is no such user.")
    if not passwords.fits(current, before.password_hash):
        raise Refused(FieldError("current_password", "password_wrong", "This is not your password."))
    kept = passwords.hashed(password)
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        if user.password_hash != before.password_hash:
            raise Conflict("Your password has been changed just now.")
        _keep(engine, session, user, kept, act="set-password", by=by)
    return user


def void_password(engine: Engine, user_id: str, *, by: Actor) -> User:
    """Let the user come in by links alone, and end their sessions and open links. Raises NotFound."""
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        _keep(engine, session, user, None, act="void-password", by=by)
    return user


def _keep(engine: Engine, session: Session, user: User, kept: str | None, *, act: str, by: Actor) -> None:
    user.password_hash = kept
    let_nobody_in(session, user)
    note(session, by, act, "user", user.id, at=engine.clock())
