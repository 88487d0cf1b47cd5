"""Who listens, how are they doing, and what can be done about it? The list, one listener, and acts on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from webhooks_app.engine import authorities, listeners, url
from webhooks_app.engine.documents import shown_headers
from webhooks_app.engine.retry import Schedule, schedule_for, timeout_for
from webhooks_app.engine.unsealed import unseal
from webhooks_app.errors import Conflict
from webhooks_app.storage import ids
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries import attempts
from webhooks_app.storage.queries import deliveries as delivery_queries
from webhooks_app.storage.queries import listeners as queries
from webhooks_app.storage.queries.deliveries import DeliveryFilter
from webhooks_app.storage.queries.people import audit
from webhooks_app.web import delivery_page, once
from webhooks_app.web.clean_address import without_empty_fields
from webhooks_app.web.listener_draft import filter_of_listener
from webhooks_app.web.listener_fields import TurnForm
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import actor, allowed, bare_id, engine, session
from webhooks_app.web.trouble import troubles

bp = Blueprint("listeners", __name__)

DAY = timedelta(days=1)
SHOWN_DELIVERIES = 20
ROWS_A_PAGE = 50


@bp.get("/listeners")
def index() -> str | Response:
    """Every listener, or those of a hook, in a state, or with a text in name, URL or hook."""
    if elsewhere := without_empty_fields():
        return elsewhere
    asked = {name: request.args.get(name, "").strip() for name in ("hook", "state", "text")}
    try:
        page = queries.newest(
            session(),
            **{k: v or None for k, v in asked.items()},
            cursor=request.args.get("cursor"),
            limit=ROWS_A_PAGE,
        )
    except ValueError as error:
        abort(400, str(error))
    rows = page.rows
    return render_template(
        "listeners/index.html",
        page=page,
        asked={name: value for name, value in asked.items() if value},
        hooks=list(engine().hooks),
        states=list(State),
        health=queries.health(session(), [row.id for row in rows], engine().clock() - DAY),
        scopes={row.id: filter_of_listener(row) for row in rows},
        troubles=troubles(rows),
    )


@bp.get("/listeners/<listener_id>")
def show(listener_id: str) -> str:
    """One listener: its state, what it wants, how it did; a secret that was just made, this once."""
    listener = found(listener_id, with_secrets=True)
    return render_template(
        "listeners/show.html",
        secret=once.take(listener.id),
        problem=_problem(listener),
        settings=_settings(listener),
        own_headers=shown_headers(engine(), listener),
        trusted=_trusted(listener),
        secrets=[
            one for one in listener.secrets if one.expires_at is None or one.expires_at > engine().clock()
        ],
        turn_form=TurnForm(),
        history=audit(session(), object_type="listener", object_id=listener.id, limit=8).rows,
        **_live(listener),
    )


@bp.get("/listeners/<listener_id>/live")
def live(listener_id: str) -> str | Response:
    """State and last deliveries, for a page that is open."""
    parts = _live(found(listener_id))
    return unchanged(parts["revision"]) or render_template("listeners/_live.html", **parts)


@bp.post("/listeners/<listener_id>/pause")
@allowed("operator")
def pause(listener_id: str) -> Response:
    """Hold what comes."""
    return _done(listener_id, listeners.pause, "Paused {}. New deliveries are held until you resume it.")


@bp.post("/listeners/<listener_id>/resume")
@allowed("operator")
def resume(listener_id: str) -> Response:
    """Send again, what was held first."""
    return _done(listener_id, listeners.resume, "Resumed {}. What was held is sent now, the oldest first.")


@bp.post("/listeners/<listener_id>/test")
@allowed("operator")
def test(listener_id: str) -> Response:
    """Send it a test event."""
    listener = found(listener_id)
    try:
        flash_test(listeners.send_test(engine(), listener.id, by=actor()))
    except Conflict as conflict:
        flash(str(conflict), "bad")
    return redirect(page_of(listener.id), 303)


@bp.post("/listeners/<listener_id>/rotate-secret")
@allowed("operator")
def rotate(listener_id: str) -> Response:
    """Make it a new secret, which the next page shows once."""
    listener, form = found(listener_id), TurnForm(request.form)
    if not form.validate():
        abort(400, "Choose from the list when the old secret stops signing.")
    overlap = timedelta(seconds=form.overlap_seconds.data)
    try:
        secret = listeners.rotate_secret(engine(), listener.id, by=actor(), overlap=overlap)
        once.keep(listener.id, secret)
    except Conflict as conflict:
        flash(str(conflict), "bad")
    return redirect(page_of(listener.id), 303)


@bp.get("/listeners/<listener_id>/delete")
@allowed("operator")
def ask_delete(listener_id: str) -> str:
    """What would be lost."""
    listener = found(listener_id)
    count = delivery_queries.count_up_to(session(), DeliveryFilter(listener_id=listener.id))
    waiting = DeliveryFilter(listener_id=listener.id, status=("pending", "retrying", "held"))
    return render_template(
        "listeners/delete.html",
        listener=listener,
        count=count,
        waiting=delivery_queries.count_up_to(session(), waiting),
    )


@bp.post("/listeners/<listener_id>/delete")
@allowed("operator")
def delete(listener_id: str) -> Response:
    """Take it away."""
    listener = listeners.delete(engine(), found(listener_id).id, by=actor())
    flash(f"Deleted {listener.name}. Its deliveries stay readable.", "success")
    return redirect(url_for("listeners.index"), 303)


def found(listener_id: str, *, with_secrets: bool = False) -> Listener:
    """The listener of an address, a deleted one too; else the page that says there is none."""
    listener = queries.one(session(), bare_id(ids.LISTENER, listener_id), with_secrets=with_secrets)
    if listener is None:
        abort(404, "There is no listener with this id.")
    return listener


def page_of(listener_id: str) -> str:
    """The address of a listener's page."""
    return url_for("listeners.show", listener_id=ids.shown(ids.LISTENER, listener_id))


def flash_test(sent: listeners.Sent) -> None:
    """Say that a test is on its way, and where to watch it."""
    watch = url_for("deliveries.show", delivery_id=ids.shown(ids.DELIVERY, sent.delivery_id))
    flash(
        Markup('A test event is waiting for a worker. <a href="{}">Watch its delivery</a>').format(watch),
        "info",
    )


def _done(listener_id: str, act: Callable[..., Listener], sentence: str) -> Response:
    listener = act(engine(), found(listener_id).id, by=actor())
    flash(sentence.format(listener.name), "success")
    return redirect(page_of(listener.id), 303)


def _live(listener: Listener) -> dict[str, Any]:
    since = engine().clock() - DAY
    rows = delivery_queries.newest(
        session(), DeliveryFilter(listener_id=listener.id), limit=SHOWN_DELIVERIES
    ).rows
    health = queries.health(session(), [listener.id], since)[listener.id]
    trouble = troubles([listener]).get(ids.shown(ids.LISTENER, listener.id))
    held = delivery_queries.count_up_to(session(), DeliveryFilter(listener_id=listener.id, status=("held",)))
    told = [(row.id, row.status, row.attempt_count, row.due_at) for row in rows]
    return {
        "listener": listener,
        "scope": filter_of_listener(listener),
        "warnings": [] if listener.deleted_at else _warnings(listener),
        "is_registered": listener.hook in engine().hooks,
        "health": health,
        "standing": trouble,
        "held": held,
        "deliveries": rows,
        "last": attempts.last_ones(session(), [row.id for row in rows]),
        "attempts_allowed": {row.id: delivery_page.attempts_allowed(row, engine=engine()) for row in rows},
        "revision": revision_of(
            listener.version, listener.deleted_at, listener.state_reason, health, trouble, held, told
        ),
    }


def _problem(listener: Listener) -> str:
    """Why nothing can be sent to it at all; "" where something can, or is not to be."""
    if listener.deleted_at is not None:
        return ""
    return unseal(engine(), session(), {listener.id: listener.version})[listener.id].problem


def _warnings(listener: Listener) -> list[str]:
    return [*url.warnings(listener.url), *authorities.warnings(listener.trusted_ca, now=engine().clock())]


def _trusted(listener: Listener) -> list[authorities.Authority]:
    try:
        return authorities.read_authorities(listener.trusted_ca)
    except ValueError:  # a row that was written past the door
        return []


def _settings(listener: Listener) -> dict[str, Any]:
    """The delivery settings as they count, with where they come from."""
    hook = engine().hooks.get(listener.hook)
    schedule: Schedule = schedule_for(listener.retry_schedule, hook, engine().settings)
    return {
        "timeout_seconds": timeout_for(listener.timeout_seconds, hook, engine().settings),
        "waits": schedule.waits,
        "sends_in_flight": listener.sends_in_flight or engine().settings.sends_per_listener,
    }
