"""Is everything in order, and if not, what now? The first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from webhooks_app.engine import echo, listeners
from webhooks_app.engine.listeners import Wanted
from webhooks_app.errors import Conflict, Refused
from webhooks_app.storage import ids
from webhooks_app.storage.models import Delivery, Listener, State
from webhooks_app.storage.queries import deliveries as delivery_queries
from webhooks_app.storage.queries import figures as queries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.storage.queries.figures import IN_TROUBLE, Failures, Slot, Troubled
from webhooks_app.storage.queries.system import Backlog
from webhooks_app.web import once, ranges
from webhooks_app.web.kept import Kept
from webhooks_app.web.present import duration, iso, number, percent, plural, readers_zone, zone_name
from webhooks_app.web.ranges import Range
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import absolute, actor, allowed, engine, session
from webhooks_app.web.system import COUNTED_UP_TO, Running, running
from webhooks_app.web.verdict import last_error, verdict

bp = Blueprint("dashboard", __name__)

COUNTED_EVENTS = 100_000
SHOWN_IN_TROUBLE = 10
ECHO_NAME = "Echo receiver"
SERIES = (
    ("Delivered", "ok", "delivered"),
    ("Waiting", "info", "waiting"),
    ("Held", "hold", "held"),
    ("Cancelled", "calm", "cancelled"),
    ("Failed", "bad", "failed"),
)


@dataclass(frozen=True, slots=True)
class Span:
    """What is counted over the chosen range."""

    slots: Sequence[Slot]
    events: int
    p95_ms: float | None
    answers: int
    failures: Failures

    @property
    def total(self) -> Slot:
        """All bars together."""
        names = [field.name for field in fields(Slot)]
        return Slot(**{name: sum(getattr(slot, name) for slot in self.slots) for name in names})


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
    hook = next(iter(engine().hooks), None)
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
    steps = _steps(runs)
    # The first steps name what does not run themselves.
    problems = [] if steps else runs.problems
    # What has to be started stops everything; that deliveries are late, for instance, does not.
    stoppages = [text for text, command in problems if command or runs.queue.problem]
    said = verdict(states, span.total, stoppages=stoppages, said=chosen.said, is_new=bool(steps))
    parts = {
        "verdict": said,
        "problems": [one for one in problems if one != (said.sentence, "")],
        "troubled": _troubled(span.failures, since=edges[0]),
        "steps": steps,
        "tiles": _tiles(span, runs.backlog, since=edges[0]),
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


def _troubled(failures: Failures, *, since: datetime) -> dict[str, Any]:
    """The list of who needs attention, and how many more do."""
    found = queries.troubled(session(), failures, limit=SHOWN_IN_TROUBLE + 1)
    shown = found[:SHOWN_IN_TROUBLE]
    errors = queries.last_errors(session(), failures, [one.listener.id for one in shown])
    rows = [_trouble(one, errors.get(one.listener.id), since=since) for one in shown]
    return {"rows": rows, "are_more": len(found) > len(shown)}


def _trouble(one: Troubled, wrong: Delivery | None, *, since: datetime) -> dict[str, Any]:
    listener, shown_id = one.listener, ids.shown(ids.LISTENER, one.listener.id)
    is_stopped = listener.state in IN_TROUBLE
    more = "at least " if one.at_least else ""
    failed = (("listener", shown_id), ("status", "failed"), ("since", iso(since)))
    return {
        "id": shown_id,
        "name": listener.name,
        "url": listener.url,
        "hook": listener.hook,
        "state": str(listener.state),
        "is_stopped": is_stopped,
        "reason": listener.state_reason if is_stopped else "",
        "since": listener.state_since if is_stopped else one.first_failed_at,
        "failed": f"{more}{one.failed:,} failed" if one.failed else "",
        "held": f"{more}{one.held:,} held" if one.held else "",
        "error": last_error(wrong) if wrong else "",
        "error_id": ids.shown(ids.DELIVERY, wrong.id) if wrong else "",
        "error_at": wrong.finished_at or wrong.created_at if wrong else None,
        "failed_args": failed,
    }


def _steps(runs: Running) -> dict[str, Any]:
    """What a fresh installation still needs; empty once a delivery arrived."""
    if queries.was_ever_delivered(session()):
        return {}
    newest = delivery_queries.newest(session(), limit=1).rows
    commands = [command for _, command in runs.problems if command]
    return {
        "hook": next(iter(engine().hooks), None),
        "redis": not runs.queue.problem,
        "works": not runs.queue.problem and not commands,
        "commands": commands,
        "sent": ids.shown(ids.DELIVERY, newest[0].id) if newest else None,
        "sent_status": str(newest[0].status) if newest else None,
    }


def _tiles(span: Span, backlog: Backlog, *, since: datetime) -> list[dict[str, Any]]:
    """The figures; each with the list of what it counts, where there is one."""
    total, ended = span.total, span.total.delivered + span.total.failed
    begun = ("since", iso(since))
    waiting = backlog.waiting + backlog.sending
    return [
        {
            "label": "Events",
            "value": _up_to(span.events, COUNTED_EVENTS),
            "note": f"became {plural(total.made, 'delivery', 'deliveries')}",
            "href": url_for("events.index", since=iso(since)),
        },
        {
            "label": "Delivered",
            "value": percent(total.delivered, ended),
            "note": f"{total.delivered:,} of {ended:,} that ended" if ended else "nothing has ended",
            "href": _log(("status", "delivered"), begun),
        },
        {
            "label": "Failed",
            "value": number(total.failed),
            "note": "after all their attempts" if total.failed else "none gave up",
            "tone": "bad" if total.failed else "",
            "href": _log(("status", "failed"), begun),
        },
        {
            "label": "95 % answer within",
            "value": duration(span.p95_ms),
            "note": _looked_at(span.answers),
        },
        {
            "label": "Waiting now",
            "value": _up_to(waiting, COUNTED_UP_TO),
            "note": "between attempts or in the queue" if waiting else "the queue is empty",
            "late_since": backlog.oldest_due_at,
            "href": _log(("status", "pending"), ("status", "sending"), ("status", "retrying")),
        },
        {
            "label": "Held now",
            "value": _up_to(backlog.held, COUNTED_UP_TO),
            "note": "until their listener is resumed" if backlog.held else "nothing is held",
            "tone": "warn" if backlog.held else "",
            "href": _log(("status", "held")),
        },
    ]


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
        "urls": [_log(("since", iso(begin)), ("until", iso(end))) for begin, end in pairwise(edges)],
        "summary": f"{plural(total.made, 'delivery', 'deliveries')} {chosen.said}, tests included: "
        f"{', '.join(said)}. Times in {zone_name(zone)}.",
    }


def _workers(runs: Running) -> dict[str, Any]:
    """The line about what works."""
    return {
        "all": None if runs.queue.problem else len(runs.queue.of("deliveries")),
        "slow": len(runs.queue.of("slow")),
        "busy": sum(one.state == "busy" for one in runs.queue.workers),
        "waiting": runs.queue.waiting + runs.queue.waiting_slow,
        "clock_runs": runs.clock_runs,
    }


def _looked_at(answers: int) -> str:
    if not answers:
        return "no answers"
    return f"of {'the last ' if answers >= queries.ANSWERS else ''}{plural(answers, 'answer')}"


def _up_to(count: int, most: int) -> str:
    return f"> {most:,}" if count > most else number(count)


def _log(*args: tuple[str, str]) -> str:
    return f"{url_for('deliveries.index')}?{urlencode(args)}"
