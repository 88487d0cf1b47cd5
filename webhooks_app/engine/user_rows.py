"""How is a user changed by one act at a time, and how are they put out? What several acts on users share."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.errors import NotFound
from webhooks_app.storage.people import SignInLink, User


def locked_user(session: Session, user_id: str) -> User:
    """The user, whom nobody else changes until the transaction ends. Raises NotFound."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def let_nobody_in(session: Session, user: User) -> None:
    """End every session of the user, and the links that would begin one."""
    user.session_version += 1
    session.execute(sa.delete(SignInLink).where(SignInLink.user_id == user.id))
