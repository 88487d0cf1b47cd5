"""Is everything in order, and if not, what now? The first page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from webhooks_app.builtin import first_own
from webhooks_app.engine import echo, listeners
from webhooks_app.engine.listeners import Wanted
from webhooks_app.errors import Conflict, Refused
from webhooks_app.storage import ids
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries import deliveries as delivery_queries
from webhooks_app.storage.queries import figures as queries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.web import once, ranges
from webhooks_app.web.attention import attention
from webhooks_app.web.kept import Kept
from webhooks_app.web.present import iso, plural, readers_zone, zone_name
from webhooks_app.web.ranges import Range
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import absolute, actor, allowed, engine, session
from webhooks_app.web.system import Running, running
from webhooks_app.web.tiles import COUNTED_EVENTS, Span, log_of, tiles
from webhooks_app.web.verdict import verdict

bp = Blueprint("dashboard", __name__)

ECHO_NAME = "Echo receiver"
SERIES = (
    ("Delivered", "ok", "delivered"),
    ("Waiting", "info", "waiting"),
    ("Held", "hold", "held"),
    ("Cancelled", "calm", "cancelled"),
    ("Failed", "bad", "failed"),
)


@bp.record_once
def _keep(state: BlueprintSetupState) -> None:
    state.app.extensions["webhooks_dashboard"] = Kept[Span]()


@bp.get("/")
def show() -> str:
    """Verdict, what wants attention, figures and a chart, and the first steps while there are any."""
    return render_template("dashboard/show.html", **_live(ranges.asked_for(request.args.get("range"))))


@bp.get("/dashboard/live")
def live() -> str | Response:
    """The same without the frame; 204 while it is what the reader has."""
    parts = _live(ranges.asked_for(request.args.get("range")))
    return unchanged(parts["revision"]) or render_template("dashboard/_live.html", **parts)


@bp.post("/dashboard/try")
@allowed("operator")
def try_out() -> Response:
    """Open a box of the built-in receiver, have a listener send there, and send it a test event."""
    hook = first_own(engine().hooks)
    if hook is None:
        flash("No hook is registered, so there is nothing to send.", "danger")
        return redirect(url_for("dashboard.show"), 303)
    try:
        sent = listeners.send_test(engine(), _echo_listener(hook).id, by=actor())
    except (Refused, Conflict) as error:
        flash(f"The test was not sent. {error}", "danger")
        return redirect(url_for("dashboard.show"), 303)
    flash("A test event is waiting for a worker. This page shows what happens to it.", "info")
    return redirect(url_for("deliveries.show", delivery_id=ids.shown(ids.DELIVERY, sent.delivery_id)), 303)


def _echo_listener(hook: str) -> Listener:
    """The one that an earlier click made, or a new one."""
    base = f"{absolute('echo.index')}/"
    for listener in listener_queries.of_hook(session(), hook):
        if listener.url.startswith(base) and listener.state == State.ACTIVE:
            return listener
    wanted = Wanted(url=base + echo.open_box(engine(), by=actor()).token, name=ECHO_NAME)
    made = listeners.create(engine(), hook, wanted, by=actor())
    once.keep(made.listener.id, made.secret)
    return made.listener


def _live(chosen: Range) -> dict[str, Any]:
    now, zone = engine().clock(), readers_zone()
    edges = chosen.edges(now, zone)
    span, runs, states = _span(edges), running(), queries.by_state(session())
    # As fresh as the states, beside which it stands: the span may have been read a minute ago.
    failures = queries.with_retrying(session(), span.failures)
    steps = _steps(runs)
    # The first steps name what does not run themselves.
    problems = [] if steps else runs.problems
    # What has to be started stops everything; that deliveries are late, for instance, does not.
    is_away = bool(runs.queue.problem)  # the frame of this page does not say it, so the verdict does
    stoppages = [text for text, command in runs.problems if is_away or (command and not steps)]
    said = verdict(
        states,
        span.total,
        retrying=len(failures.retrying),
        stoppages=stoppages,
        said=chosen.said,
        is_new=bool(steps),
    )
    parts = {
        "verdict": said,
        "problems": [one for one in problems if one != (said.sentence, "")],
        "troubled": attention(failures, since=edges[0]),
        "steps": steps,
        "tiles": tiles(span, runs.backlog, since=edges[0]),
        "chart": _chart(span, chosen, edges=edges, zone=zone),
        "workers": _workers(runs),
    }
    return parts | {
        "revision": revision_of(*parts.values()),
        "chosen": chosen,
        "ranges": ranges.RANGES.values(),
        "since": edges[0],
    }


def _span(edges: Sequence[datetime]) -> Span:
    """The counts between the first and the last edge; a dear one is kept for a while."""
    kept: Kept[Span] = current_app.extensions["webhooks_dashboard"]
    return kept.ask(tuple(edges), lambda: _read_span(edges))


def _read_span(edges: Sequence[datetime]) -> Span:
    since = edges[0]
    p95_ms, answers = queries.slowest_share(session(), since)
    return Span(
        slots=queries.per_slot(session(), edges),
        events=queries.events_up_to(session(), since, most=COUNTED_EVENTS),
        p95_ms=p95_ms,
        answers=answers,
        failures=queries.failures(session(), since),
    )


def _steps(runs: Running) -> dict[str, Any]:
    """What a fresh installation still needs; empty once a delivery arrived."""
    if queries.was_ever_delivered(session()):
        return {}
    newest = delivery_queries.newest(session(), limit=1).rows
    commands = [command for _, command in runs.problems if command]
    return {
        "hook": first_own(engine().hooks),
        "redis": not runs.queue.problem,
        "works": not runs.queue.problem and not commands,
        "commands": commands,
        "sent": ids.shown(ids.DELIVERY, newest[0].id) if newest else None,
        "sent_status": str(newest[0].status) if newest else None,
    }


def _chart(span: Span, chosen: Range, *, edges: Sequence[datetime], zone: tzinfo) -> dict[str, Any]:
    """The bars; without series where nothing was made."""
    total = span.total
    title = "Deliveries per hour" if chosen.each == "hour" else f"Deliveries in each {chosen.each}"
    if not total.made:
        return {"title": title}
    series = [
        {"name": name, "tone": tone, "values": [getattr(slot, key) for slot in span.slots]}
        for name, tone, key in SERIES
        if key in ("delivered", "failed") or getattr(total, key)
    ]
    said = [f"{getattr(total, key):,} {name.lower()}" for name, _, key in SERIES if getattr(total, key)]
    return {
        "title": title,
        "labels": ranges.labels(chosen, edges, zone),
        "series": series,
        "urls": [log_of(("since", iso(begin)), ("until", iso(end))) for begin, end in pairwise(edges)],
        "summary": f"{plural(total.made, 'delivery', 'deliveries')} {chosen.said}, tests included: "
        f"{', '.join(said)}. Times in {zone_name(zone)}.",
    }


def _workers(runs: Running) -> dict[str, Any]:
    """The line about what works."""
    return {
        "all": None if runs.queue.problem else len(runs.queue.of("deliveries")),
        "slow": len(runs.queue.of("slow")),
        "busy": sum(one.state == "busy" for one in runs.queue.workers if one not in runs.queue.silent),
        "waiting": runs.queue.waiting + runs.queue.waiting_slow,
        "clock_runs": runs.clock_runs,
    }
