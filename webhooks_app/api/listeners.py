"""Calls about listeners: make, read, change, delete, pause, resume, try out, turn the secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import make_response, request, url_for
from werkzeug.exceptions import PreconditionFailed

from webhooks_app.api import given, taken
from webhooks_app.api.etags import etag_of
from webhooks_app.api.noun import Noun, check_hook, found, id_or_404, page_json, session
from webhooks_app.api.tokens import caller
from webhooks_app.console import console
from webhooks_app.engine import documents, listeners
from webhooks_app.engine.headers import HIDDEN, hidden, with_kept
from webhooks_app.engine.listeners import Wanted
from webhooks_app.errors import BadFilter, Conflict, FieldError, NotFound, Refused
from webhooks_app.match import Filter
from webhooks_app.storage import ids
from webhooks_app.storage.ids import DELIVERY, EVENT, LISTENER
from webhooks_app.storage.models import Listener
from webhooks_app.storage.queries import listeners as queries

bp = Noun("listeners", __name__, description="URLs that want a hook's events.")

EXAMPLE = {
    "hook": "person",
    "url": "https://where.example/is/listening",
    "filter": {"name": {"is": "Joe"}, "address": {"endswith": "York"}},
}

_SETTINGS = (
    "timeout_seconds",
    "retry_schedule",
    "rate_limit_per_second",
    "sends_in_flight",
    "body_format",
    "answer_bodies",
    "headers",
    "public_headers",
    "trusted_ca",
)
_SHOWN_ONCE = {"Cache-Control": "no-store"}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag of what was read: nothing is changed if it has changed since (412).",
}


@bp.call("GET", "/listeners", scope="read", problems=(422,))
@bp.arguments(taken.ListenersWanted, location="query")
@bp.response(200, given.page_of(given.Listener))
def list_listeners(wanted: dict[str, Any]) -> dict[str, Any]:
    """Listeners, newest first"""
    check_hook(wanted["hook"])
    page = queries.newest(
        session(), wanted["hook"], wanted["state"], cursor=wanted["cursor"], limit=wanted["limit"]
    )
    return page_json(page, listener_json)


@bp.call("POST", "/listeners", scope="write", problems=(400, 413, 415, 422))
@bp.arguments(taken.NewListener, example=EXAMPLE)
@bp.response(201, given.ListenerMade, headers={"Location": {"schema": {"type": "string"}}})
def create(body: dict[str, Any]) -> Any:
    """Make a listener; its secret is shown this once"""
    engine = console().engine
    if body["hook"] not in engine.hooks:
        known = ", ".join(engine.hooks) or "none"
        sentence = f"No hook named {body['hook']!r} is registered. The hooks are: {known}."
        raise Refused(FieldError("hook", "unknown_hook", sentence))
    with _our_fields():
        made = listeners.create(engine, body["hook"], _changed(Wanted(url=""), body), by=caller())
    answer = {**listener_json(made.listener), "secret": made.secret}
    return (
        answer,
        201,
        {**_SHOWN_ONCE, "Location": url_for("api.listeners.get_listener", listener_id=answer["id"])},
    )


@bp.call("GET", "/listeners/<listener_id>", scope="read", problems=(404,))
@bp.response(200, given.Listener)
def get_listener(listener_id: str) -> dict[str, Any]:
    """One listener"""
    return listener_json(_one(listener_id))


@bp.call("PATCH", "/listeners/<listener_id>", scope="write", problems=(400, 404, 409, 412, 413, 415, 422))
@bp.doc(parameters=[_IF_MATCH])
@bp.arguments(taken.ListenerChange, example={"settings": {"timeout_seconds": 5}})
@bp.response(200, given.Listener)
def change(body: dict[str, Any], listener_id: str) -> dict[str, Any]:
    """Change some of a listener"""
    listener = _one(listener_id)
    _check_if_match(listener)
    engine = console().engine
    with _our_fields():
        wanted = _changed(_stored(listener, body), body)
        # What was read is what is changed: somebody else's change in between is a conflict.
        return listener_json(
            listeners.change(engine, listener.id, wanted, by=caller(), version=listener.version)
        )


@bp.call("DELETE", "/listeners/<listener_id>", scope="write", problems=(404,))
@bp.response(204)
def delete(listener_id: str) -> Any:
    """Delete a listener; its deliveries stay readable"""
    listeners.delete(console().engine, id_or_404(LISTENER, listener_id), by=caller())
    response = make_response("", 204)
    del response.headers["Content-Type"]
    return response


@bp.call("POST", "/listeners/<listener_id>/pause", scope="write", problems=(404,))
@bp.response(200, given.Listener)
def pause(listener_id: str) -> dict[str, Any]:
    """Stop sending; what comes is held"""
    return listener_json(listeners.pause(console().engine, id_or_404(LISTENER, listener_id), by=caller()))


@bp.call("POST", "/listeners/<listener_id>/resume", scope="write", problems=(404,))
@bp.response(200, given.Listener)
def resume(listener_id: str) -> dict[str, Any]:
    """Send again, what was held first"""
    return listener_json(listeners.resume(console().engine, id_or_404(LISTENER, listener_id), by=caller()))


@bp.call("POST", "/listeners/<listener_id>/test", scope="write", problems=(400, 404, 409, 413, 415, 422))
@bp.arguments(taken.TestEvent, required=False, example={"payload": {"name": "Joe"}})
@bp.response(202, given.TestSent)
def test(body: dict[str, Any], listener_id: str) -> Any:
    """Send a test event to this listener alone"""
    row_id = id_or_404(LISTENER, listener_id)
    sent = listeners.send_test(console().engine, row_id, by=caller(), payload=body.get("payload"))
    delivery_id = ids.shown(DELIVERY, sent.delivery_id)
    location = url_for("api.deliveries.get_delivery", delivery_id=delivery_id)
    return (
        {"event_id": ids.shown(EVENT, sent.event_id), "delivery_id": delivery_id},
        202,
        {"Location": location},
    )


@bp.call(
    "POST", "/listeners/<listener_id>/rotate-secret", scope="write", problems=(400, 404, 409, 413, 415, 422)
)
@bp.arguments(taken.SecretTurn, required=False, example={"overlap_seconds": 3600})
@bp.response(200, given.NewSecret)
def rotate_secret(body: dict[str, Any], listener_id: str) -> Any:
    """Turn the secret; the new one is shown this once, the old one signs too for 24 hours if not told otherwise"""
    row_id, overlap = id_or_404(LISTENER, listener_id), timedelta(seconds=body["overlap_seconds"])
    secret = listeners.rotate_secret(console().engine, row_id, by=caller(), overlap=overlap)
    return {"secret": secret}, 200, _SHOWN_ONCE


def listener_json(listener: Listener) -> dict[str, Any]:
    """The document of a listener."""
    return documents.listener_json(console().engine, listener)


def _one(listener_id: str) -> Listener:
    listener = found(queries.one(session(), id_or_404(LISTENER, listener_id)))
    if listener.deleted_at is not None:
        raise NotFound("This listener was deleted.")
    # Detached: a transaction that reads must not stay open beside the one that writes.
    session().close()
    return listener


def _check_if_match(listener: Listener) -> None:
    known = given.Listener().dump(listener_json(listener))
    if request.if_match and not request.if_match.contains(etag_of(known)):
        raise PreconditionFailed("The listener has changed since it was read.")


def _stored(listener: Listener, body: dict[str, Any]) -> Wanted:
    """The listener as it is, without reading what the body replaces: that may be what cannot be read."""
    headers = body.get("settings", {}).get("headers")
    replaces_headers = headers is not None and HIDDEN not in headers.values()
    try:
        return listeners.wanted_of(
            console().engine,
            listener,
            filter=Filter({}) if "filter" in body else None,
            headers={} if replaces_headers else None,
        )
    except BadFilter as error:
        raise Conflict(f"The stored filter cannot be read any more: {error} Give a new one.") from error


def _changed(wanted: Wanted, body: dict[str, Any]) -> Wanted:
    """What is wanted, with what the body says put in its place; what it leaves out stays."""
    changes: dict[str, Any] = {name: body[name] for name in ("url", "name", "config") if name in body}
    if "filter" in body:
        changes["given_filter"] = body["filter"]  # its faults are told with all others
    settings = dict(body.get("settings", {}))
    if "headers" in settings and "public_headers" not in settings:
        given = {name.lower() for name in settings["headers"]}
        settings["public_headers"] = [name for name in wanted.public_headers if name in given]
    if "public_headers" in settings:
        settings["headers"] = with_kept(
            settings.get("headers", hidden(wanted.headers)),
            wanted.headers,
            public=settings["public_headers"],
            was_public=wanted.public_headers,
        )
    return replace(wanted, **changes, **{name: settings[name] for name in _SETTINGS if name in settings})


@contextmanager
def _our_fields() -> Iterator[None]:
    """The engine's refusals with the names that the fields have in our documents."""
    try:
        yield
    except Refused as refused:
        raise Refused(
            *(
                replace(error, field=f"settings.{error.field}") if error.field in _SETTINGS else error
                for error in refused.errors
            )
        ) from refused
