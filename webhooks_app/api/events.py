"""Calls about events: publish one or many, read them, and ask why a listener took one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import request, url_for
from sqlalchemy.orm import Session

from webhooks_app.api import given, taken
from webhooks_app.api.noun import Noun, check_hook, found, id_or_404, page_json, session
from webhooks_app.api.tokens import caller, token
from webhooks_app.console import console
from webhooks_app.engine import intake, room
from webhooks_app.engine.documents import event_json
from webhooks_app.errors import BadFilter, Conflict, FieldError, Refused
from webhooks_app.match import Filter
from webhooks_app.moments import rfc3339
from webhooks_app.storage import ids
from webhooks_app.storage.ids import EVENT, LISTENER
from webhooks_app.storage.models import Event
from webhooks_app.storage.queries import events as queries
from webhooks_app.storage.queries import listeners as listener_queries

bp = Noun("events", __name__, description="Occurrences of a hook.")

EXAMPLE_ID = f"{EVENT}_0198f0c2b7d47c1f9a3e5d6b7c8d9e0f"
EXAMPLE = {"payload": {"name": "George Constanza", "address": "New York City"}}
EXAMPLE_PUBLISHED = {"id": EXAMPLE_ID, "hook": "person", "created_at": "2026-03-02T09:30:00.000Z"}

_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": intake.LONGEST_KEY},
    "description": "For 24 hours the same key with the same body is answered the same, and done once.",
}
_LOCATION = {"Location": {"schema": {"type": "string"}, "description": "The event."}}


@bp.call("POST", "/hooks/<name>/events", scope="publish", problems=(400, 404, 409, 413, 415, 422))
@bp.doc(parameters=[_KEY])
@bp.arguments(taken.NewEvent, example=EXAMPLE)
@bp.response(202, given.Published, example=EXAMPLE_PUBLISHED, headers=_LOCATION)
def publish(body: dict[str, Any], name: str) -> Any:
    """Publish an event"""
    engine = console().engine
    _check_intake(name)

    def act(session: Session) -> dict[str, Any]:
        return _published(intake.add(engine, session, name, body["payload"], sender=caller().name))

    answer, headers = _once(f"POST /hooks/{name}/events", act)
    if answer is None:
        answer = _published(intake.publish(engine, name, body["payload"], sender=caller().name))
    return answer, 202, {**headers, "Location": url_for("api.events.get_event", event_id=answer["id"])}


@bp.call("POST", "/hooks/<name>/events/batch", scope="publish", problems=(400, 404, 409, 413, 415, 422))
@bp.doc(parameters=[_KEY])
@bp.arguments(taken.NewEvents, example={"events": [EXAMPLE, EXAMPLE]})
@bp.response(202, given.PublishedMany, example={"ids": [EXAMPLE_ID]})
def publish_batch(body: dict[str, Any], name: str) -> Any:
    """Publish up to 1000 events, all or none"""
    engine = console().engine
    _check_intake(name)
    payloads = [each["payload"] for each in body["events"]]

    def act(session: Session) -> dict[str, Any]:
        return _published_many(intake.add_many(engine, session, name, payloads, sender=caller().name))

    answer, headers = _once(f"POST /hooks/{name}/events/batch", act)
    if answer is None:
        answer = _published_many(intake.publish_many(engine, name, payloads, sender=caller().name))
    return answer, 202, headers


@bp.call("GET", "/events", scope="read", problems=(422,))
@bp.arguments(taken.Span, location="query")
@bp.response(200, given.page_of(given.Event))
def list_events(wanted: dict[str, Any]) -> dict[str, Any]:
    """Events, newest first"""
    check_hook(wanted["hook"])
    page = queries.newest(
        session(),
        wanted["hook"],
        wanted["since"],
        wanted["until"],
        cursor=wanted["cursor"],
        limit=wanted["limit"],
        with_deliveries=True,
    )
    return page_json(page, event_json)


@bp.call("GET", "/events/<event_id>", scope="read", problems=(404,))
@bp.response(200, given.Event)
def get_event(event_id: str) -> dict[str, Any]:
    """One event with its deliveries"""
    return event_json(found(queries.one(session(), id_or_404(EVENT, event_id))))


@bp.call("GET", "/events/<event_id>/why", scope="read", problems=(404, 409, 422))
@bp.arguments(taken.WhyWanted, location="query")
@bp.response(200, given.Why)
def why(wanted: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Why a listener takes the event, or does not, condition by condition"""
    event = found(queries.one(session(), id_or_404(EVENT, event_id)))
    listener = found(listener_queries.one(session(), wanted["listener"]))
    if listener.hook != event.hook:
        sentence = f"This listener wants {listener.hook}; the event is of {event.hook}."
        raise Refused(FieldError("listener", "other_hook", sentence))
    try:
        asked = Filter.from_json(listener.filter)
    except BadFilter as error:
        # The request is right and the row is not, so this is no 422; a change of the filter mends it.
        raise Conflict(f"The listener's filter cannot be read any more: {error}") from error
    verdicts = asked.explain(json.loads(event.body), event.changes)
    conditions = [
        {
            "argument": each.argument,
            "matcher": each.matcher,
            "wanted": each.wanted,
            "got": each.got,
            "holds": each.holds,
            "missing": each.is_missing,
            "problem": each.problem,
        }
        for each in verdicts
    ]
    return {
        "event_id": ids.shown(EVENT, event.id),
        "listener_id": ids.shown(LISTENER, listener.id),
        "accepts": all(each.holds for each in verdicts),
        "filter": str(asked),
        "conditions": conditions,
    }


def _check_intake(hook_name: str) -> None:
    """Raises NotRegistered, and Unavailable while nothing more can be taken."""
    engine = console().engine
    _ = engine.hooks[hook_name]
    room.check(engine)


def _once(
    route: str, act: Callable[[Session], dict[str, Any]]
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """The answer and its headers if the request has an Idempotency-Key, else nothing."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None, {}
    answer = intake.once(
        console().engine,
        token_id=token().id,
        route=route,
        key=key,
        body_hash=hashlib.sha256(request.get_data()).hexdigest(),
        act=act,
    )
    return answer.answer, {"Idempotent-Replay": "true"} if answer.repeated else {}


def _published(event: Event) -> dict[str, Any]:
    return {"id": ids.shown(EVENT, event.id), "hook": event.hook, "created_at": rfc3339(event.created_at)}


def _published_many(event_ids: list[str]) -> dict[str, Any]:
    return {"ids": [ids.shown(EVENT, each) for each in event_ids]}
