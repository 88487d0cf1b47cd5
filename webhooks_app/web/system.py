"""Does everything run? Database, Redis, queues, workers, clock, and what waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from webhooks_app.console import console
from webhooks_app.engine import Queue, QueueUnreachable, skew
from webhooks_app.engine.queue_facts import DELIVERIES, EVICTING, SLOW, QueueServer, QueueWorker
from webhooks_app.setting_addresses import network_exposure, redis_exposure
from webhooks_app.storage import migrations
from webhooks_app.storage.models import Lease
from webhooks_app.storage.queries import leases, revision
from webhooks_app.storage.queries import system as queries
from webhooks_app.version import __version__
from webhooks_app.web.delivery_page import WORKER_COMMAND
from webhooks_app.web.present import duration
from webhooks_app.web.revision import revision_of, unchanged
from webhooks_app.web.shared import engine, session
from webhooks_app.web.shell import QUEUE_AWAY, queue_problem

bp = Blueprint("system", __name__, url_prefix="/system")

CLOCK = "clock"
LATE_AFTER = timedelta(seconds=60)
STANDS_AFTER = timedelta(seconds=10)  # a worker takes what is due at once, and tells of itself when it does
COUNTED_UP_TO = 10_000
CLOCK_COMMAND = "flask --app wsgi webhooks clock"


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """Redis as it answered just now; `problem` says why it did not."""

    server: QueueServer | None = None
    latency_ms: float = 0.0
    waiting: int = 0
    waiting_slow: int = 0
    workers: tuple[QueueWorker, ...] = ()
    problem: str = ""

    silent: tuple[QueueWorker, ...] = ()  # those of `workers` that told nothing of themselves for too long

    def of(self, queue: str) -> tuple[QueueWorker, ...]:
        """The workers of one queue that told of themselves lately."""
        return tuple(one for one in self.workers if queue in one.queue.split(", ") and one not in self.silent)


@dataclass(frozen=True, slots=True)
class Running:
    """What has to run, and each thing that keeps deliveries from going out, as (sentence, command that helps)."""

    queue: QueueFacts
    backlog: queries.Backlog
    clock: Lease | None
    clock_runs: bool
    problems: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database as it answered just now."""

    backend: str
    size: int
    latency_ms: float
    tables: revision.Tables
    shown_url: str


@bp.get("")
def show() -> str:
    """Everything that has to run."""
    return render_template("system/show.html", version=__version__, **_facts())


@bp.get("/live")
def live() -> str | Response:
    """The same without the frame; 204 while every figure is what the reader has."""
    facts = _facts()
    return unchanged(facts["revision"]) or render_template("system/_live.html", version=__version__, **facts)


def running() -> Running:
    """How everything runs just now."""
    now = engine().clock()
    # Where Redis hangs, each question would cost half a second: the frame of the page has just asked.
    problem = queue_problem()
    queue = QueueFacts(problem=problem) if problem else _queue_facts(engine().queue, now=now)
    backlog = queries.backlog(session(), now, most=COUNTED_UP_TO + 1)
    clock = leases.holder(session(), CLOCK)
    clock_runs = clock is not None and clock.until > now
    problems = _problems(queue, backlog, clock_runs=clock_runs, now=now) + _skewed()
    return Running(queue, backlog, clock, clock_runs, problems)


def _facts() -> dict[str, Any]:
    now, database, found = engine().clock(), _database_facts(), running()
    queue, backlog, clock = found.queue, found.backlog, found.clock
    problems = found.problems + _behind(database) + _exposed()
    # Not the latencies, sizes and heartbeats: they differ each time, and would redraw a page at rest.
    told = (
        [(one.name, one.state, one.jobs_done, one in queue.silent) for one in queue.workers],
        (queue.waiting, queue.waiting_slow, queue.problem), backlog, clock and clock.owner, problems,
        now.minute,
    )  # fmt: skip
    return {
        "queue": queue,
        "database": database,
        "backlog": backlog,
        "clock": clock,
        "clock_runs": found.clock_runs,
        "problems": problems,
        "limit": COUNTED_UP_TO,
        "hooks": len(engine().hooks),
        "revision": revision_of(*told),
    }


def _queue_facts(queue: Queue, *, now: datetime) -> QueueFacts:
    began = time.perf_counter()
    try:
        waiting = queue.length()
        latency_ms = (time.perf_counter() - began) * 1000
        workers = tuple(queue.workers())
        return QueueFacts(
            server=queue.server(),
            latency_ms=latency_ms,
            waiting=waiting,
            waiting_slow=queue.length(slow=True),
            workers=workers,
            silent=tuple(one for one in workers if one.is_silent(now)),
        )
    except QueueUnreachable:
        return QueueFacts(problem=QUEUE_AWAY)


def _database_facts() -> DatabaseFacts:
    began = time.perf_counter()
    queries.ask_nothing(session())
    latency_ms = (time.perf_counter() - began) * 1000
    rows = {row.setting.name: row.value for row in console().settings.rows()}
    return DatabaseFacts(
        backend=revision.backend(session()),
        size=queries.database_bytes(session()),
        latency_ms=latency_ms,
        tables=revision.tables(session()),
        shown_url=rows["DATABASE_URL"],
    )


def _problems(
    queue: QueueFacts, backlog: queries.Backlog, *, clock_runs: bool, now: datetime
) -> list[tuple[str, str]]:
    late = min((at for at in (backlog.oldest_due_at, backlog.oldest_undispatched_at) if at), default=now)
    found = _queue_problems(queue, late=late, now=now)
    if not clock_runs:
        found.append(("No clock is running, so nothing is retried.", CLOCK_COMMAND))
    if queue.server and queue.server.evicts:
        found.append((EVICTING, ""))
    if not found and now - late > LATE_AFTER:
        found.append(("Deliveries wait longer than a minute: more workers may help (WEBHOOKS_WORKERS).", ""))
    return found


def _skewed() -> list[tuple[str, str]]:
    said = skew.sentence(session(), clock=engine().clock)
    return [(said, "")] if said else []


def _queue_problems(queue: QueueFacts, *, late: datetime, now: datetime) -> list[tuple[str, str]]:
    """What is wrong with Redis or the workers; `late` is since when the oldest work is due, or `now`."""
    if queue.problem:
        return [(queue.problem, "")]
    if not queue.of(DELIVERIES):
        return [(_nobody(queue, DELIVERIES, now=now) + ", so nothing is sent.", WORKER_COMMAND)]
    # What waits for slow receivers alone is due for long, and says nothing of the others' worker.
    if queue.waiting and now - late >= STANDS_AFTER and not _heard_of_since(queue, late):
        waited = duration(now - late)
        return [(f"Work has been due for {waited}, and no worker told of itself since.", WORKER_COMMAND)]
    if not queue.of(SLOW):
        return [(_nobody(queue, SLOW, now=now) + " for slow receivers.", f"{WORKER_COMMAND} --queue slow")]
    return []


def _nobody(queue: QueueFacts, name: str, *, now: datetime) -> str:
    heard = [one.seen_at for one in queue.silent if name in one.queue.split(", ") and one.seen_at]
    if not heard:
        return "No worker is running"
    return f"No worker was heard of for {duration(now - max(heard))}"


def _heard_of_since(queue: QueueFacts, late: datetime) -> bool:
    """Whether a worker told of itself after this; one that never says when it did counts."""
    return any(one.seen_at is None or one.seen_at >= late for one in queue.of(DELIVERIES))


def _exposed() -> list[tuple[str, str]]:
    settings = console().settings
    networks = network_exposure(settings.allowed_networks, is_production=settings.is_production)
    return [(said, "") for said in (redis_exposure(settings.redis_url), networks) if said]


def _behind(database: DatabaseFacts) -> list[tuple[str, str]]:
    if database.tables.are_current:
        return []
    return [
        (
            "The tables are not those of this version.",
            migrations.command_for(is_guest=console().is_guest),
        )
    ]
