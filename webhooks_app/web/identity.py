"""Who asks, and may they?

Every page wants somebody who is signed in; `allowed` asks for a higher role and `open_to_all` for none.
Someone is a user of this console, or whoever the embedding application says is admin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as BaseResponse

from webhooks_app.console import console
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import STRANGER, Actor
from webhooks_app.extensions import db, login
from webhooks_app.storage.people import Role, User
from webhooks_app.web.protection import request_id

View = TypeVar("View", bound=Callable[..., Any])

IDLE_SECONDS = 3600
LONGEST_SECONDS = 12 * 3600
LINK_PROVES_SECONDS = 15 * 60
NOTED_EVERY_SECONDS = 60  # a cookie that changed with every request would be sent with every answer

_BY_LINK = "by_link"


@dataclass(frozen=True, slots=True)
class HostAdmin:
    """Whoever the embedding application lets in; it knows them, we do not."""

    email: str = "host admin"
    role: str = Role.ADMIN
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login asks for; never stored, because each request asks the host anew."""
        return "host"

    def may(self, _role: str) -> bool:
        """Everything."""
        return True


def register(app: Flask, *, doors: Callable[[], frozenset[str]]) -> None:
    """Ask everyone who wants a page of `app` who they are; `doors` are the blueprints that have pages."""
    login.user_loader(_user_of_session)
    login.request_loader(_user_of_host)

    def let_in() -> BaseResponse | None:
        # An address that does not exist tells nothing to people who are not signed in.
        is_nowhere = request.endpoint is None and not request.path.startswith("/api/")
        return _turned_away() if is_nowhere or request.blueprint in doors() else None

    app.before_request(let_in)


def allowed(role: str) -> Callable[[View], View]:
    """Let only those with this role, or a higher one, use the view."""

    def mark(view: View) -> View:
        view.asks_role = Role(role)  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark


def open_to_all(view: View) -> View:
    """Let people who are not signed in use the view."""
    view.asks_role = None  # type: ignore[attr-defined]  # a mark on a function
    return view


def role_asked(view: Any) -> Role | None:
    """The role that a view asks for; None for one that is open to all."""
    return getattr(view, "asks_role", Role.VIEWER)


def actor() -> Actor:
    """Who acts in this request, for the audit log."""
    name = current_user.email if current_user.is_authenticated else STRANGER
    return Actor(name, ip=request.remote_addr, request_id=request_id())


def begin_session(user: User, *, by_link: bool = False) -> None:
    """Sign `user` in, in a session of their own: a cookie that was planted before is worth nothing."""
    session.clear()
    login_user(user)
    session["signed_in_at"] = session["seen_at"] = _now()
    if by_link:
        session[_BY_LINK] = True


def has_just_come_by_link() -> bool:
    """Whether this session began by a link a few minutes ago, which says who it is as a password would."""
    return bool(session.get(_BY_LINK)) and _now() - session["signed_in_at"] <= LINK_PROVES_SECONDS


def forget_link() -> None:
    """What a link has proved it has proved once."""
    session.pop(_BY_LINK, None)


def keep_session(user: User) -> None:
    """Where it is the user's own browser, go on in it, although their sessions have just ended everywhere."""
    if isinstance(current_user, User) and current_user.id == user.id:
        session["_user_id"] = user.get_id()


def end_session() -> None:
    """Sign out: on the server too, so that a copy of the cookie is dead, and so are the user's other browsers."""
    user_id, by = current_user.id if isinstance(current_user, User) else None, actor()
    logout_user()
    session.clear()
    if user_id is not None:
        accounts.sign_out(console().engine, user_id, by=by)


def safe_next(target: str | None) -> str | None:
    """An address on this server to go on to after signing in; None for anything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if "\\" in target or any(ord(letter) < 32 or ord(letter) == 127 for letter in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def sign_in_address() -> str:
    """Where to sign in and then come back here."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return url_for("sign_in.form", next=f"{request.script_root}{here}" if here and here != "/" else None)


def _turned_away() -> BaseResponse | None:
    view = current_app.view_functions.get(request.endpoint or "")
    asked = role_asked(view)
    if asked is None:
        return None
    if console().is_host_admin is not None and not current_user.is_authenticated:
        abort(403, "The host application doesn't list you as an admin.")
    if not current_user.is_authenticated:
        return _to_sign_in()
    if not current_user.may(asked):
        abort(403, f"This needs the role {asked.value}; you are signed in as {current_user.role}.")
    _note_activity()
    return None


def _to_sign_in() -> BaseResponse:
    # A fragment would swap the sign-in page into the middle of a page; 401 leaves what is there.
    if request.headers.get("HX-Request"):
        return Response("Sign in again.", status=401, mimetype="text/plain")
    if g.get("session_has_ended"):
        flash("You were signed out because the session was over. Sign in to go on.", "info")
    return redirect(sign_in_address())


def _user_of_session(session_id: str) -> User | None:
    if console().is_host_admin is not None:
        return None
    now = _now()
    idle, age = now - session.get("seen_at", 0), now - session.get("signed_in_at", 0)
    user = accounts.user_by_session(db.session(), session_id)
    if user is None or idle > IDLE_SECONDS or age > LONGEST_SECONDS:
        session.clear()
        g.session_has_ended = True
        return None
    return user


def _user_of_host(_request: object) -> HostAdmin | None:
    is_host_admin = console().is_host_admin
    return HostAdmin() if is_host_admin is not None and is_host_admin() else None


def _note_activity() -> None:
    # A page that polls by itself must not keep alive what its reader has left.
    is_poll = request.headers.get("HX-Request") and request.method == "GET"
    if "seen_at" not in session or is_poll:
        return
    now = _now()
    if now - session["seen_at"] >= NOTED_EVERY_SECONDS:
        session["seen_at"] = now


def _now() -> int:
    return int(console().engine.clock().timestamp())
