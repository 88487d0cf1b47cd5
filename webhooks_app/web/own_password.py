"""How does somebody set their own password? With the present one, or just after a link has said who they are."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from webhooks_app.engine import accounts
from webhooks_app.errors import Conflict, Refused
from webhooks_app.extensions import limiter
from webhooks_app.storage.people import User
from webhooks_app.web.identity import forget_link, has_just_come_by_link, keep_session
from webhooks_app.web.settings import bp
from webhooks_app.web.settings_forms import PasswordForm, show_refusal
from webhooks_app.web.shared import actor, engine
from webhooks_app.web.throttle import count, give_back, nameless, too_many


def _account() -> str:
    # Whoever is not signed in is turned away after this, and has nothing to guess.
    return nameless(f"password {current_user.get_id() or request.remote_addr}")


@limiter.limit("5 per minute", key_func=_account, on_breach=too_many)
@limiter.limit("20 per hour", key_func=_account, on_breach=too_many)
def _attempt() -> None:
    """One more attempt of this user, in this session."""


@bp.get("/password")
def own_password() -> str:
    """The form; for who has no password and has been here for a while, what to do first."""
    return _page(_form())


@bp.post("/password")
def change_own_password() -> Answer | tuple[str, int]:
    """Set it, and go on in this browser alone."""
    form = _form()
    if form is None or not form.validate_on_submit():
        return _page(form), 422
    try:
        user = _changed(form)
    except Refused as refused:
        show_refusal(form, refused)
        return _page(form), 422
    except Conflict as conflict:
        flash(str(conflict), "danger")
        return redirect(url_for("settings.own_password"), 303)
    forget_link()
    keep_session(user)
    flash(
        "Your password is set. Every other browser is signed out, and open sign-in links are void.", "success"
    )
    return redirect(url_for("settings.show"), 303)


def _form() -> PasswordForm | None:
    """What is asked of this user; None for one who cannot prove who they are."""
    if not isinstance(current_user, User):
        abort(404, "Who may come in here is known to the application around this console.")
    form = PasswordForm()
    if has_just_come_by_link():
        del form.current_password
        return form
    return form if current_user.password_hash else None


def _changed(form: PasswordForm) -> User:
    if "current_password" not in form:
        return accounts.set_password(engine(), current_user.id, form.password.data, by=actor())
    count(_attempt)
    try:
        user = _proved(form)
    except Refused as refused:
        if not any(error.code == "password_wrong" for error in refused.errors):
            give_back()
        raise
    give_back()
    return user


def _proved(form: PasswordForm) -> User:
    current = form.current_password.data
    return accounts.change_password(
        engine(), current_user.id, form.password.data, current=current, by=actor()
    )


def _page(form: PasswordForm | None) -> str:
    return render_template("settings/password.html", form=form)
