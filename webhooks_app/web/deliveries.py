"""Where did every event go? The log, narrowed by its address, and acts on one delivery."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from webhooks_app.engine import intervene
from webhooks_app.engine.documents import sent_body
from webhooks_app.engine.retention import goes_at
from webhooks_app.errors import Conflict, Refused
from webhooks_app.storage import ids
from webhooks_app.storage.models import DISCARD, Delivery
from webhooks_app.storage.queries import attempts as attempt_queries
from webhooks_app.storage.queries import deliveries as queries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.web import bodies, delivery_filter, delivery_page, list_place, present
from webhooks_app.web.clean_address import without_empty_fields
from webhooks_app.web.delivery_filter import Asked
from webhooks_app.web.error_words import ERROR_CLASSES
from webhooks_app.web.list_place import Place
from webhooks_app.web.listener_labels import labels
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import absolute, actor, allowed, bare_id, engine, session

bp = Blueprint("deliveries", __name__, url_prefix="/deliveries")

ROWS_A_PAGE = 25
COUNTED_UP_TO = 10_000


@bp.get("")
def index() -> str | Answer:
    """The log with its filter."""
    if elsewhere := without_empty_fields():
        return elsewhere
    asked, place = _asked(), list_place.read(request.args)
    names = labels(listener_queries.names(session(), also=asked.wanted.listener_id))
    return render_template(
        "deliveries/index.html",
        asked=asked,
        left_out=place.with_problem(asked.problems),
        chips=delivery_filter.chips(asked, listener_names=names),
        views=_views(asked),
        choices=_choices(names),
        api_url=_api_url(asked),
        **_rows(asked, place),
    )


@bp.get("/rows")
def rows() -> str | Answer:
    """The rows alone, for a page that is open; 204 while they are what the reader has."""
    shown = _rows(_asked(), Place())
    return unchanged(shown["revision"]) or render_template("deliveries/_rows.html", **shown)


@bp.get("/<delivery_id>")
def show(delivery_id: str) -> str:
    """One delivery: what happened, why, and what now."""
    page = delivery_page.read(_delivery(delivery_id), engine=engine())
    tab = delivery_page.tab_of(page, tab=request.args.get("tab"), attempt=request.args.get("attempt"))
    newer, older = queries.neighbours(
        session(), page.delivery, queries.DeliveryFilter(listener_id=page.delivery.listener_id)
    )
    return render_template(
        "deliveries/show.html",
        page=page,
        tab=tab,
        content=_content(page, tab),
        sees_bodies=_sees_bodies(),
        siblings=queries.siblings(session(), page.delivery),
        newer=newer,
        older=older,
        **_kept(page.delivery),
    )


@bp.get("/<delivery_id>/live")
def live(delivery_id: str) -> str | Answer:
    """What changes of the page; 204 while nothing happened. `?tab=` is one that has nothing to show yet."""
    page = delivery_page.read(_delivery(delivery_id), engine=engine())
    tab = delivery_page.tab_of(page, tab=request.args.get("tab"), attempt=None)
    # A tab with something in it may just be read, and is left as it is.
    content = _content(page, tab) if "tab" in request.args else None
    return unchanged(page.revision) or render_template(
        "deliveries/_live.html",
        page=page,
        tab=tab,
        content=content,
        sees_bodies=_sees_bodies(),
        is_fragment=True,
        **_kept(page.delivery),
    )


@bp.get("/<delivery_id>/attempts/<int:number>/<any(request,response):side>")
@allowed("operator")
def body(delivery_id: str, number: int, side: str) -> Response:
    """What was sent or answered, byte for byte, as a file."""
    delivery = _delivery(delivery_id)
    attempt = next((one for one in delivery.attempts if one.number == number), None)
    if attempt is None:
        abort(404, f"This delivery has no attempt {number}.")
    if attempt.is_cleared:
        abort(404, _cleared())
    if side == "response" and attempt.truncated == DISCARD:
        abort(404, "The answer's body was discarded, because the listener's settings say so.")
    received = attempt.response_body or b""
    whole = received if side == "response" else sent_body(engine(), delivery, attempt)
    return bodies.download(whole, f"{ids.shown(ids.DELIVERY, delivery.id)}-{number}-{side}.txt")


@bp.post("/<delivery_id>/retry")
@allowed("operator")
def retry(delivery_id: str) -> Answer:
    """Make one more attempt as soon as a worker is free."""
    try:
        delivery = intervene.retry(engine(), bare_id(ids.DELIVERY, delivery_id), by=actor())
    except Conflict as error:
        flash(str(error), "danger")
    else:
        flash(f"Attempt {delivery.attempt_count + 1} is waiting for a worker.", "success")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


@bp.post("/<delivery_id>/cancel")
@allowed("operator")
def cancel(delivery_id: str) -> Answer:
    """Stop trying; what was sent stays recorded."""
    try:
        intervene.cancel(engine(), bare_id(ids.DELIVERY, delivery_id), by=actor())
    except Conflict as error:
        flash(str(error), "danger")
    else:
        flash("Cancelled. No further attempt will be made, unless you retry.", "success")
    return redirect(url_for("deliveries.show", delivery_id=delivery_id))


@bp.post("/retry")
@allowed("operator")
def retry_selected() -> Answer:
    """Retry the deliveries that were ticked; those that cannot be are left as they are."""
    chosen = [bare_id(ids.DELIVERY, text) for text in request.form.getlist("id")]
    try:
        retried = intervene.retry_many(engine(), chosen, by=actor())
    except Refused as refused:
        flash(refused.errors[0].message, "danger")
    else:
        flash(_told(retried), "success" if retried.count else "warning")
    return redirect(url_for("deliveries.index") + _safe_query(request.form.get("back", "")))


def _told(retried: intervene.Retried) -> str:
    """What became of the deliveries that were ticked, and why some were left."""
    sentences = []
    if retried.count:
        sentences.append(
            f"{present.plural(retried.count, 'delivery is', 'deliveries are')} waiting for a worker."
        )
    for reason, count in retried.refused.items():
        sentences.append(f"{present.plural(count, 'delivery', 'deliveries')} could not be retried: {reason}")
    return " ".join(sentences) or "Nothing was selected."


def _asked() -> Asked:
    return delivery_filter.read(request.args, now=engine().clock(), zone=present.readers_zone())


def _rows(asked: Asked, place: Place) -> dict[str, Any]:
    """What the rows' template shows, and a revision that changes with any of it."""
    page = queries.newest(session(), asked.wanted, cursor=place.cursor, limit=ROWS_A_PAGE)
    count = queries.count_up_to(session(), asked.wanted, COUNTED_UP_TO)
    last = attempt_queries.last_ones(session(), [one.id for one in page.rows])
    told = [
        (one.id, one.status, one.attempt_count, one.due_at, one.last_status_code, one.last_error_class)
        for one in page.rows
    ]
    return {
        "page": page,
        "args": asked.args,
        "last": last,
        "attempts_allowed": {
            one.id: delivery_page.attempts_allowed(one, engine=engine()) for one in page.rows
        },
        "shown_count": _counted(count),
        "is_filtered": bool(asked.args),
        "beyond": place.beyond(page),
        "is_first_page": page.newer is None and not place.beyond(page),
        "now": engine().clock(),
        "revision": revision_of(told, count, page.newer, page.older),
    }


def _counted(count: int) -> str:
    if count > COUNTED_UP_TO:
        return f"More than {COUNTED_UP_TO:,} deliveries"
    return present.plural(count, "delivery", "deliveries")


def _views(asked: Asked) -> list[tuple[str, str, bool]]:
    """The lists that people ask for most, as (text, address, is this one)."""
    known: list[tuple[str, delivery_filter.Args]] = [
        ("All", ()),
        ("Failed in 24 h", (("status", "failed"), ("last", "24h"))),
        ("Retrying", (("status", "retrying"),)),
        ("Held", (("status", "held"),)),
        ("Tests", (("test", "1"),)),
    ]
    return [(text, _address(args), set(args) == set(asked.args)) for text, args in known]


def _choices(names: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """What the filter's selects offer."""
    by_name = sorted(names.items(), key=lambda one: one[1].lower())
    return {
        "hook": [(name, name) for name in engine().hooks],
        "listener": [(ids.shown(ids.LISTENER, row_id), name) for row_id, name in by_name],
        "error_class": list(ERROR_CLASSES.items()),
        "last": [(word, text) for word, (text, _) in delivery_filter.SPANS.items()],
        "test": list(delivery_filter.TESTS.items()),
    }


def _api_url(asked: Asked) -> str:
    query = urlencode(delivery_filter.api_args(asked))
    return absolute("api.deliveries.list_deliveries") + (f"?{query}" if query else "")


def _address(args: delivery_filter.Args) -> str:
    return url_for("deliveries.index") + (f"?{urlencode(args)}" if args else "")


def _safe_query(text: str) -> str:
    """The list's own query string, to come back to; anything else is dropped."""
    return f"?{text}" if text and not any(ord(letter) <= 32 or letter in "\\#" for letter in text) else ""


def _delivery(delivery_id: str) -> Delivery:
    found = queries.one(session(), bare_id(ids.DELIVERY, delivery_id), with_bodies=False)
    if found is None:
        abort(404, "There is no delivery with this id. It may be older than what is kept.")
    return found


def _content(page: delivery_page.DeliveryPage, tab: delivery_page.Tab) -> delivery_page.Content:
    return delivery_page.content(page, tab, engine=engine(), sees_bodies=_sees_bodies())


def _sees_bodies() -> bool:
    return bool(current_user.may("operator"))


@bp.app_template_global("log_address")
def log_address(args: delivery_filter.Args, **more: str | None) -> str:
    """The address of the log with these parts and some more."""
    return _address(args + tuple((name, value) for name, value in more.items() if value))


def _kept(delivery: Delivery) -> dict[str, Any]:
    """What the page says of how long things are kept."""
    return {"cleared": _cleared(), "goes_at": goes_at(delivery, engine().settings)}


def _cleared() -> str:
    days = engine().settings.retention_body_days
    return (
        f"What was sent and answered is kept for {present.plural(days, 'day')}, and was deleted after that."
    )
