"""What was sent, to whom, and who did not get it? The events, and each one's listeners with their reasons."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from webhooks_app.storage import ids
from webhooks_app.storage.models import FINAL, Delivery, Event, Status
from webhooks_app.storage.queries import events as queries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.storage.queries.page import Page
from webhooks_app.web import bodies, delivery_filter, list_place, matching, present
from webhooks_app.web.clean_address import without_empty_fields
from webhooks_app.web.delivery_filter import Args, Asked
from webhooks_app.web.list_place import Place
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import allowed, bare_id, engine, session

bp = Blueprint("events", __name__, url_prefix="/events")

ROWS_A_PAGE = 25
LARGE_BYTES = 20 * 1024  # more than this many receivers refuse
_NARROWED_BY = ("hook", "last", "since", "until", "test")


@bp.get("")
def index() -> str | Answer:
    """The events, narrowed by hook and time."""
    if elsewhere := without_empty_fields():
        return elsewhere
    given = type(request.args)([(name, request.args[name]) for name in _NARROWED_BY if name in request.args])
    asked = delivery_filter.read(given, now=engine().clock(), zone=present.readers_zone())
    place = list_place.read(request.args)
    page = _page(asked, place)
    return render_template(
        "events/index.html",
        page=page,
        beyond=place.beyond(page),
        asked=asked,
        left_out=place.with_problem(asked.problems),
        chips=delivery_filter.chips(asked, listener_names={}),
        spread=queries.spread(session(), [one.id for one in page.rows]),
        statuses=[status.value for status in Status],
        hooks=list(engine().hooks),
        spans=delivery_filter.SPANS,
        tests=delivery_filter.TESTS,
        older=_address(asked.args, page.older),
        newer=_address(asked.args, page.newer),
    )


@bp.get("/<event_id>")
def show(event_id: str) -> str:
    """One event with its payload and all listeners of its hook."""
    event = _event(event_id)
    sees_bodies = bool(current_user.may("operator"))
    changes = [(name, one.get("old"), one.get("new")) for name, one in (event.changes or {}).items()]
    return render_template(
        "events/show.html",
        event=event,
        sees_bodies=sees_bodies,
        is_large=len(event.body) > LARGE_BYTES,
        content={"changes": changes if sees_bodies else []},
        hook=engine().hooks.get(event.hook),
        arguments=len(json.loads(event.body)),
        **_shares(event, sees_values=sees_bodies),
    )


@bp.get("/<event_id>/live")
def live(event_id: str) -> str | Answer:
    """The listeners' table alone; 204 while nothing happened."""
    event = _event(event_id)
    shown = _shares(event, sees_values=bool(current_user.may("operator")))
    return unchanged(shown["revision"]) or render_template("events/_shares.html", event=event, **shown)


@bp.get("/<event_id>/payload")
@allowed("operator")
def payload(event_id: str) -> Response:
    """The payload as a file."""
    event = _event(event_id)
    return bodies.download(event.body.encode(), f"{ids.shown(ids.EVENT, event.id)}.json.txt")


@bp.app_template_global("events_address")
def _address(args: Args, cursor: str | None = "") -> str | None:
    """The address of the list with these parts; None where `cursor` is None: there is no such page."""
    if cursor is None:
        return None
    query = urlencode(args + ((("cursor", cursor),) if cursor else ()))
    return url_for("events.index") + (f"?{query}" if query else "")


def _page(asked: Asked, place: Place) -> Page[Event]:
    wanted = asked.wanted
    return queries.newest(
        session(),
        hook=wanted.hook,
        since=wanted.since,
        until=wanted.until,
        test=wanted.test,
        cursor=place.cursor,
        limit=ROWS_A_PAGE,
    )


def _event(event_id: str) -> Event:
    found = queries.one(session(), bare_id(ids.EVENT, event_id))
    if found is None:
        abort(404, "There is no event with this id. It may be older than what is kept.")
    return found


def _shares(event: Event, *, sees_values: bool) -> dict[str, Any]:
    listeners = listener_queries.of_hook(session(), event.hook)
    shares = matching.shares(event, listeners, sees_values=sees_values)
    told = [(one.listener.id, one.why_not, [_told(each) for each in one.deliveries]) for one in shares]
    is_settled = event.dispatched_at is not None and all(one.status in FINAL for one in event.deliveries)
    return {
        "shares": shares,
        "wanted": sum(bool(one.deliveries) for one in shares),
        "delivered": sum(_has_it(one) for one in shares),
        "is_settled": is_settled,
        "revision": revision_of(*told),
    }


def _has_it(share: matching.Share) -> bool:
    return any(one.status == Status.DELIVERED for one in share.deliveries)


def _told(delivery: Delivery) -> tuple[Any, ...]:
    return delivery.id, delivery.status, delivery.reason, delivery.attempt_count
