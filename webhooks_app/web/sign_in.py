"""How does someone come in, and leave? By e-mail and password, or by a link that works once."""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from webhooks_app.console import console
from webhooks_app.engine import accounts
from webhooks_app.extensions import limiter
from webhooks_app.flask_command import flask_command
from webhooks_app.storage.queries import people
from webhooks_app.web.forms import SignInForm
from webhooks_app.web.identity import begin_session, end_session, safe_next
from webhooks_app.web.shared import actor, engine, open_to_all, session
from webhooks_app.web.throttle import count, give_back, nameless, too_many

bp = Blueprint("sign_in", __name__)

WRONG = "The e-mail or the password is wrong."  # the same for an account that does not exist


def _typed() -> str:
    return request.form.get("email", "").strip().lower()[:254]


def _names_nobody() -> bool:
    # Nobody's attempts cannot be counted by account.
    return not _typed()


def _account() -> str:
    return nameless(_typed())


def _account_and_address() -> str:
    return nameless(f"{_typed()} {request.remote_addr}")


@limiter.limit("5 per minute", key_func=_account_and_address, on_breach=too_many)
@limiter.limit("20 per hour", key_func=_account, exempt_when=_names_nobody, on_breach=too_many)
def _attempt() -> None:
    """One more attempt, of this account and from this address."""


@bp.before_request
def ours_only() -> None:
    """Where another application says who may use the console, there is no sign-in of ours."""
    if console().is_host_admin is not None:
        abort(404)


@bp.get("/login", endpoint="form")
@open_to_all
def ask() -> str | BaseResponse:
    """The form; whoever is signed in already goes on."""
    if current_user.is_authenticated:
        return redirect(_where_to())
    return render_template("sign_in/form.html", form=SignInForm(), has_users=people.has_users(session()))


@bp.post("/login", endpoint="enter")
@open_to_all
def enter() -> tuple[str, int] | BaseResponse:
    """Sign in by e-mail and password; only attempts that fail stay counted."""
    count(_attempt)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("sign_in/form.html", form=form, has_users=True), 422
    user = accounts.sign_in(engine(), form.email.data, form.password.data, by=actor())
    if user is None:
        return render_template("sign_in/form.html", form=form, has_users=True, wrong=WRONG), 422
    give_back()
    begin_session(user)
    return redirect(_where_to())


@bp.get("/login/<token>", endpoint="link")
@open_to_all
def link(token: str) -> str | tuple[str, int]:
    """One button: a mail scanner that follows the link must not use it up."""
    if not accounts.link_is_good(session(), token, now=engine().clock()):
        return render_template("sign_in/bad_link.html"), 404
    return render_template("sign_in/link.html", token=token)


@bp.post("/login/<token>", endpoint="use_link")
@open_to_all
def use_link(token: str) -> tuple[str, int] | BaseResponse:
    """Sign in by the link, once."""
    user = accounts.use_link(engine(), token, by=actor())
    if user is None:
        return render_template("sign_in/bad_link.html"), 404
    begin_session(user, by_link=True)
    return redirect(_where_to())


@bp.post("/logout", endpoint="out")
@open_to_all
def leave() -> BaseResponse:
    """Sign out, here and in every other browser."""
    end_session()
    flash("You are signed out, in every browser.", "info")
    return redirect(url_for("sign_in.form"))


@bp.app_template_global("sign_in_command")
def sign_in_command() -> str:
    """What prints a link, as it is typed in the folder that this process runs in."""
    flask = flask_command(sys.argv[0], python=sys.executable, root=Path.cwd())
    return f"{flask} --app {'YOUR_APPLICATION' if console().is_guest else 'wsgi'} webhooks sign-in-link"


def _where_to() -> str:
    return safe_next(request.args.get("next")) or url_for("dashboard.show")
