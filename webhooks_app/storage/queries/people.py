"""Who may do what, and who did what? Users, API tokens and the audit log."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.people import ApiToken, AuditEntry, User
from webhooks_app.storage.queries.page import Cursor, Page, page_of


def users(session: Session) -> Sequence[User]:
    """Every user, by e-mail."""
    return session.scalars(sa.select(User).order_by(User.email)).all()


def user(session: Session, user_id: str) -> User | None:
    """One user."""
    return session.get(User, user_id)


def tokens(session: Session) -> Sequence[ApiToken]:
    """Every API token, revoked ones too, newest first."""
    return session.scalars(sa.select(ApiToken).order_by(ApiToken.created_at.desc(), ApiToken.id.desc())).all()


def audit(
    session: Session,
    *,
    actor: str | None = None,
    act: str | None = None,
    object_type: str | None = None,
    object_id: str | None = None,
    cursor: Cursor | str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """A page of what was done, newest first. Raises ValueError for a bad cursor."""
    equal = {
        AuditEntry.actor: actor,
        AuditEntry.act: act,
        AuditEntry.object_type: object_type,
        AuditEntry.object_id: object_id,
    }
    query = sa.select(AuditEntry).where(*(column == value for column, value in equal.items() if value))
    return page_of(
        session, query, moment_column=AuditEntry.at, id_column=AuditEntry.id, cursor=cursor, limit=limit
    )


def has_users(session: Session) -> bool:
    """Whether anybody can sign in; without the tables this fails, and the error's page says what to run."""
    return session.scalar(sa.select(User.id).limit(1)) is not None
