"""Who may come in? Users with a password or a one-time link, and sessions that can be ended everywhere.

Programs come in by API tokens (tokens.py), and a password is changed in user_passwords.py; both can be reached from
here too. Passwords are hashed outside any transaction: that takes long on purpose, and a lock must not wait for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, passwords
from webhooks_app.engine.audit import COMMAND_LINE, Actor, note
from webhooks_app.engine.tokens import NewToken, create_token, revoke_token, token_of, touch_token
from webhooks_app.engine.user_passwords import change_password, set_password, void_password
from webhooks_app.engine.user_rows import let_nobody_in, locked_user
from webhooks_app.errors import Conflict, FieldError, NotFound, Refused
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.people import Role, SignInLink, User

__all__ = [
    "NewToken",
    "change_password",
    "create_token",
    "create_user",
    "delete_user",
    "link_is_good",
    "revoke_token",
    "set_password",
    "set_role",
    "sign_in",
    "sign_in_link",
    "sign_out",
    "sign_out_everywhere",
    "token_of",
    "touch_token",
    "use_link",
    "user_by_session",
    "void_password",
]  # fmt: skip

LINK_LIVES = timedelta(minutes=15)
FIRST_ADMIN = "admin@localhost"

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,189}")


def create_user(
    engine: Engine,
    email: str,
    role: str,
    *,
    password: str | None = None,
    by: Actor,
    row_id: str | None = None,
) -> User:
    """Make a user; without a password they sign in by a link.

    With a `row_id` they are made once, however often that is asked for: Conflict where they are there already.
    Raises Refused on email (email, email_taken), role (role) and password (password_short, password_long).
    """
    address = _address(email)
    row = {"id": row_id or new_id(), "email": address, "role": _role(role), "created_at": engine.clock()}
    user = User(**row, password_hash=passwords.hashed(password) if password is not None else None)
    try:
        with engine.sessions.begin() as session:
            session.add(user)
            session.flush()
            note(session, by, "create", "user", user.id, after=_described(user), at=engine.clock())
    except sa.exc.IntegrityError:
        if row_id is not None and _is_there(engine, row_id):
            raise Conflict("This user has been added already.") from None
        raise Refused(FieldError("email", "email_taken", f"There is a user {address} already.")) from None
    return user


def sign_in(engine: Engine, email: str, password: str, *, by: Actor) -> User | None:
    """The user with this e-mail and password, or None: in the same time, whether there is such a user or not.

    `by` says where they are; their name is known only then.
    """
    with engine.readings() as session:
        user = session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    if not passwords.fits(password, user.password_hash if user else None) or user is None:
        return None
    now, fresh = engine.clock(), None
    if user.password_hash is not None and passwords.is_dated(user.password_hash):
        fresh = passwords.hashed(password)
    with engine.sessions.begin() as session:
        ours = sa.update(User).where(User.id == user.id)
        session.execute(ours.values(last_seen_at=now))
        if fresh is not None:
            # Only in place of the hash that was read: it may have been changed or voided while ours was made.
            session.execute(ours.where(User.password_hash == user.password_hash).values(password_hash=fresh))
        _note_entry(session, user, by, how="password", at=now)
    return user


def sign_in_link(engine: Engine, email: str | None = None, *, by: Actor = COMMAND_LINE) -> str:
    """A token that signs in once within 15 minutes: this user, else the first admin.

    Where there is no user at all, admin@localhost is made first. Raises NotFound for an unknown e-mail.
    """
    now, token = engine.clock(), secrets.token_urlsafe(32)
    with engine.sessions.begin() as session:
        user = _user_for_link(session, email, now=now)
        session.execute(sa.delete(SignInLink).where(SignInLink.expires_at <= now))
        session.add(SignInLink(token_hash=_hash(token), user_id=user.id, expires_at=now + LINK_LIVES))
        note(session, by, "sign-in-link", "user", user.id, at=now)
    return token


def use_link(engine: Engine, token: str, *, by: Actor) -> User | None:
    """The user whom the link signs in; it never does so again. None for one that is used, late or made up.

    `by` says where they are, as in `sign_in`.
    """
    now = engine.clock()
    taken = (
        sa.delete(SignInLink)
        .where(SignInLink.token_hash == _hash(token), SignInLink.expires_at > now)
        .returning(SignInLink.user_id)
    )
    with engine.sessions.begin() as session:
        user_id = session.scalar(taken)
        user = session.get(User, user_id) if user_id else None
        if user is not None:
            user.last_seen_at = now
            _note_entry(session, user, by, how="link", at=now)
    return user


def link_is_good(session: Session, token: str, *, now: datetime | None = None) -> bool:
    """Whether the link would sign in; asking does not use it up."""
    link = session.get(SignInLink, _hash(token))
    return link is not None and link.expires_at > (now or datetime.now(UTC))


def user_by_session(session: Session, kept: str) -> User | None:
    """The user behind what the cookie holds, "<id>.<version>"; None once they were signed out everywhere."""
    user_id, _, version = kept.partition(".")
    user = session.get(User, user_id)
    return user if user is not None and str(user.session_version) == version else None


def sign_out(engine: Engine, user_id: str, *, by: Actor) -> None:
    """End every session of the user, so that a copy of the cookie that signs out is worth nothing either.

    Links stay good: one may be on its way to them just now. A user who is gone has no sessions.
    """
    ended = (
        sa.update(User)
        .where(User.id == user_id)
        .values(session_version=User.session_version + 1)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    with engine.sessions.begin() as session:
        if session.scalar(ended) is not None:
            note(session, by, "sign-out", "user", user_id, at=engine.clock())


def sign_out_everywhere(engine: Engine, user_id: str, *, by: Actor) -> User:
    """End every session of the user, and the links that would begin one. Raises NotFound."""
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        let_nobody_in(session, user)
        note(session, by, "sign-out-everywhere", "user", user_id, at=engine.clock())
    return user


def set_role(engine: Engine, user_id: str, role: str, *, by: Actor) -> User:
    """Let the user do more or less, and end their sessions. Raises NotFound, Refused, and Conflict for the last admin.

    The role that they have already changes nothing.
    """
    wanted = _role(role)
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        before = _described(user)
        if user.role == wanted:
            return user
        if wanted != Role.ADMIN:
            _keep_an_admin(session, user)
        user.role = wanted
        user.session_version += 1
        note(session, by, "change", "user", user.id, before=before, after=_described(user), at=engine.clock())
    return user


def delete_user(engine: Engine, user_id: str, *, by: Actor) -> None:
    """Take the user away, with their links. Raises NotFound, and Conflict for the last admin."""
    with engine.sessions.begin() as session:
        user = locked_user(session, user_id)
        _keep_an_admin(session, user)
        note(session, by, "delete", "user", user.id, before=_described(user), at=engine.clock())
        session.execute(sa.delete(SignInLink).where(SignInLink.user_id == user.id))
        session.execute(sa.delete(User).where(User.id == user.id))


def _address(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Refused(FieldError("email", "email", "Write an e-mail address, such as anna@example.com."))
    return address


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise Refused(FieldError("role", "role", f"The role is one of {', '.join(Role)}.")) from None


def _is_there(engine: Engine, user_id: str) -> bool:
    with engine.readings() as session:
        return session.get(User, user_id) is not None


def _described(user: User) -> dict[str, str]:
    return {"email": user.email, "role": str(user.role)}


def _note_entry(session: Session, user: User, by: Actor, *, how: str, at: datetime) -> None:
    # Those that fail change nothing, and whoever guesses must not be able to fill the log.
    note(session, replace(by, name=user.email), "sign-in", "user", user.id, after={"by": how}, at=at)


def _user_for_link(session: Session, email: str | None, *, now: datetime) -> User:
    if session.scalar(sa.select(User.id).limit(1)) is None and email in (None, FIRST_ADMIN):
        user = User(id=new_id(), email=FIRST_ADMIN, role=Role.ADMIN, created_at=now)
        session.add(user)
        session.flush()
        note(session, COMMAND_LINE, "create", "user", user.id, after=_described(user), at=now)
        return user
    query = sa.select(User).order_by(User.created_at, User.id).limit(1)
    query = query.where(User.role == Role.ADMIN if email is None else User.email == email.strip().lower())
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"There is no user {email}." if email else "There is no admin.")
    return found


def _keep_an_admin(session: Session, user: User) -> None:
    # Every admin's row is locked, so that two people cannot take away each other at once.
    admins = session.scalars(sa.select(User.id).where(User.role == Role.ADMIN).with_for_update()).all()
    if list(admins) == [user.id]:
        raise Conflict("This is the last admin. Make another one first.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
