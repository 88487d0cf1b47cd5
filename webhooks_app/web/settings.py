"""What is set, and who may come in? The settings to read, API tokens and users to manage."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from webhooks_app.console import console
from webhooks_app.engine import accounts
from webhooks_app.errors import Conflict, Refused
from webhooks_app.settings import SettingRow
from webhooks_app.storage.people import Role, Scope, User
from webhooks_app.storage.queries import people as queries
from webhooks_app.web import once
from webhooks_app.web.identity import keep_session
from webhooks_app.web.settings_forms import TokenForm, UserForm, show_refusal
from webhooks_app.web.shared import absolute, actor, allowed, engine, session

bp = Blueprint("settings", __name__, url_prefix="/settings")

GROUPS = {
    "Delivery": (
        "WEBHOOKS_TIMEOUT_SECONDS", "WEBHOOKS_RETRY_SCHEDULE", "WEBHOOKS_SENDER_THREADS",
        "WEBHOOKS_SENDS_PER_LISTENER", "WEBHOOKS_HOOKS", "WEBHOOKS_MAX_PAYLOAD_BYTES",
    ),
    "Network": (
        "WEBHOOKS_ALLOWED_NETWORKS", "WEBHOOKS_ALLOWED_HOSTS", "WEBHOOKS_HTTPS_ONLY", "WEBHOOKS_OUTBOUND_PROXY",
        "WEBHOOKS_NAT64_PREFIXES", "WEBHOOKS_REFUSED_PORTS",
    ),
    "Retention": (
        "WEBHOOKS_RETENTION_DAYS", "WEBHOOKS_RETENTION_FAILED_DAYS", "WEBHOOKS_RETENTION_BODY_DAYS",
        "WEBHOOKS_MIN_FREE_BYTES",
    ),
    "Server": (
        "WEBHOOKS_ENV", "WEBHOOKS_ENV_LABEL", "DATABASE_URL", "REDIS_URL", "PUBLIC_BASE_URL", "TRUSTED_HOSTS",
        "PORT", "WEB_CONCURRENCY", "WEBHOOKS_WORKERS", "WEBHOOKS_PROXY_HOPS", "LOG_LEVEL", "LOG_FORMAT",
    ),
    "Keys": ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "WEBHOOKS_ENCRYPTION_KEYS", "WEBHOOKS_METRICS_TOKEN"),
}  # fmt: skip
ROLES = {
    Role.VIEWER: "reads everything but bodies",
    Role.OPERATOR: "also changes listeners, sends tests, retries",
    Role.ADMIN: "also manages users and tokens",
}
SCOPES = {
    Scope.READ: "reads",
    Scope.PUBLISH: "also sends events",
    Scope.WRITE: "also changes listeners, retries and replays",
}


@bp.get("")
def show() -> str:
    """Every setting, its value, where it comes from and what it means."""
    return render_template(
        "settings/show.html", groups=grouped(console().settings.rows()), proxied=_proxied()
    )


@bp.get("/tokens")
@allowed("admin")
def tokens() -> str:
    """The API tokens; one that was just made, this once."""
    return _tokens(TokenForm.anew(), made=once.take(request.args.get("made", "")))


@bp.post("/tokens")
@allowed("admin")
def create_token() -> Answer | tuple[str, int]:
    """Make a token; the page that follows shows it."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _tokens(form), 422
    try:
        made = accounts.create_token(
            engine(),
            form.name.data,
            form.scope.data,
            by=actor(),
            expires_at=form.expires_at(engine().clock()),
            row_id=form.row_id,
        )
    except Refused as error:
        show_refusal(form, error)
        return _tokens(form), 422
    except Conflict as conflict:
        flash(f"{conflict} It was shown by the first answer; if it is lost, revoke it.", "info")
        return redirect(url_for("settings.tokens", made=form.row_id), 303)
    once.keep(made.row.id, made.token)
    return redirect(url_for("settings.tokens", made=made.row.id), 303)


@bp.get("/tokens/<token_id>/revoke")
@allowed("admin")
def confirm_revoke(token_id: str) -> str:
    """Ask before a program is locked out."""
    token = next((one for one in queries.tokens(session()) if one.id == token_id), None)
    if token is None or token.revoked_at is not None:
        abort(404, "There is no such token, or it is revoked already.")
    return render_template("settings/revoke.html", token=token)


@bp.post("/tokens/<token_id>/revoke")
@allowed("admin")
def revoke_token(token_id: str) -> Answer:
    """Lock out whoever uses the token, at once."""
    token = accounts.revoke_token(engine(), token_id, by=actor())
    flash(f"Revoked the token {token.name}. Requests with it are refused from now on.", "success")
    return redirect(url_for("settings.tokens"))


@bp.get("/users")
@allowed("admin")
def users() -> str:
    """Who may sign in, and as what; a link that was just made, this once."""
    return _users(UserForm.anew(), link_of=queries.user(session(), request.args.get("link_of", "")))


@bp.post("/users")
@allowed("admin")
def add_user() -> Answer | tuple[str, int]:
    """Let somebody in; the page that follows shows the link that signs them in once."""
    form = UserForm()
    if not form.validate_on_submit():
        return _users(form), 422
    try:
        user = accounts.create_user(engine(), form.email.data, form.role.data, by=actor(), row_id=form.row_id)
    except Refused as error:
        show_refusal(form, error)
        return _users(form), 422
    except Conflict as conflict:
        flash(f"{conflict} The first answer showed their link; if it is lost, make a new one.", "info")
        return redirect(url_for("settings.users", link_of=form.row_id), 303)
    return _with_link(user)


@bp.post("/users/<user_id>/link")
@allowed("admin")
def sign_in_link(user_id: str) -> Answer:
    """Make another link for somebody who lost theirs."""
    return _with_link(_user(user_id))


@bp.post("/users/<user_id>/password")
@allowed("admin")
def void_password(user_id: str) -> Answer:
    """Void a password that is lost or known to others; the link that follows lets its user set another."""
    user = accounts.void_password(engine(), user_id, by=actor())
    keep_session(user)
    flash(f"The password of {user.email} is void, and they are signed out in every browser.", "success")
    return _with_link(user)


@bp.post("/users/<user_id>/role")
@allowed("admin")
def set_role(user_id: str) -> Answer:
    """Let somebody do more, or less."""
    try:
        user = accounts.set_role(engine(), user_id, request.form.get("role", ""), by=actor())
    except (Conflict, Refused) as error:
        flash(str(error), "danger")
    else:
        keep_session(user)
        flash(f"{user.email} is {user.role} from now on.", "success")
    return redirect(url_for("settings.users"))


@bp.post("/users/<user_id>/sign-out")
@allowed("admin")
def sign_out(user_id: str) -> Answer:
    """Sign somebody out of every browser; an admin who does it to themself goes on in this one."""
    user = accounts.sign_out_everywhere(engine(), user_id, by=actor())
    keep_session(user)
    flash(f"{user.email} is signed out in every browser, and open sign-in links are void.", "success")
    return redirect(url_for("settings.users"))


@bp.get("/users/<user_id>/remove")
@allowed("admin")
def confirm_remove(user_id: str) -> str:
    """Ask before somebody is locked out."""
    return render_template("settings/remove.html", user=_user(user_id))


@bp.post("/users/<user_id>/remove")
@allowed("admin")
def remove_user(user_id: str) -> Answer:
    """Lock somebody out, in every browser; what they did stays in the audit log."""
    try:
        accounts.delete_user(engine(), user_id, by=actor())
    except Conflict as error:
        flash(str(error), "danger")
    else:
        flash("The user is removed and cannot sign in any more.", "success")
    return redirect(url_for("settings.users"))


def grouped(rows: tuple[SettingRow, ...]) -> dict[str, list[SettingRow]]:
    """The settings under their headings, in the headings' order."""
    known = {row.setting.name: row for row in rows}
    return {title: [known[name] for name in names] for title, names in GROUPS.items()}


def _proxied() -> bool:
    return console().settings.outbound_proxy is not None


def _tokens(form: TokenForm, *, made: str | None = None) -> str:
    found = queries.tokens(session())
    return render_template(
        "settings/tokens.html", form=form, made=made, tokens=found, scopes=SCOPES, now=engine().clock()
    )


def _users(form: UserForm, *, link_of: User | None = None) -> str:
    link = None if link_of is None else once.take(link_of.id)
    found = queries.users(session())
    return render_template(
        "settings/users.html", form=form, users=found, roles=ROLES, link=link, link_of=link_of
    )


def _with_link(user: User) -> Answer:
    """To the page that shows a new link of this user, once."""
    token = accounts.sign_in_link(engine(), user.email, by=actor())
    once.keep(user.id, absolute("sign_in.link", token=token))
    return redirect(url_for("settings.users", link_of=user.id), 303)


def _user(user_id: str) -> User:
    found = queries.user(session(), user_id)
    if found is None:
        abort(404, "There is no such user.")
    return found
