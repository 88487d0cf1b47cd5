"""What does the page of one delivery show? Rows become what its templates write; nothing is read or changed here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webhooks_app.engine import Engine, QueueUnreachable
from webhooks_app.engine.documents import sent_body
from webhooks_app.engine.headers import HIDDEN
from webhooks_app.engine.retry import Schedule, least_wait, retry_after, schedule_for
from webhooks_app.storage.models import FINAL, Attempt, Delivery, State, Status
from webhooks_app.web import diagnosis, matching
from webhooks_app.web.bodies import Body, header, shown_body
from webhooks_app.web.diagnosis import Diagnosis, Facts
from webhooks_app.web.error_words import error_word
from webhooks_app.web.present import plural
from webhooks_app.web.revision import revision_of

TABS = ("response", "request", "event", "match")

WORKER_COMMAND = "flask --app wsgi webhooks worker"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why nothing happens just now, and the command that helps, if one does."""

    text: str
    command: str = ""
    level: str = "info"


NO_WORKER = Waiting("No worker is running, so nothing is sent.", WORKER_COMMAND, "warn")
NO_QUEUE = Waiting(
    "Redis does not answer. The delivery is kept, and the clock sends it meanwhile, only later.", level="warn"
)


@dataclass(frozen=True, slots=True)
class AttemptShown:
    """One attempt as the timeline and the table show it; `mark` is short enough for the timeline."""

    number: int
    started_at: datetime
    duration_ms: float | None
    succeeded: bool
    is_answer: bool
    word: str
    mark: str
    error: str
    ip: str | None
    skipped_ips: Sequence[str]
    timings: dict[str, Any]
    worker: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """`consequence` says what Retry would do, and is empty where it may not; so `can_cancel` for Cancel."""

    delivery: Delivery
    attempts: Sequence[AttemptShown]
    allowed: int
    next_at: datetime | None
    diagnosis: Diagnosis | None
    waiting: Waiting | None
    consequence: str
    can_cancel: bool
    is_final: bool
    revision: str


@dataclass(frozen=True, slots=True)
class Tab:
    """Which tab is open, on which attempt (None before the first)."""

    name: str
    attempt: Attempt | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a tab shows; empty parts are not drawn."""

    headers: Sequence[tuple[str, str, bool]] = ()  # name, value, whether it is hidden
    body: Body | None = None
    curl: str = ""
    verdicts: Sequence[matching.ConditionShown] = ()
    problem: str = ""
    changes: Sequence[tuple[str, Any, Any]] = field(default=())


def read(delivery: Delivery, *, engine: Engine) -> DeliveryPage:
    """The page of a delivery that was read with its event, listener and attempts."""
    now = engine.clock()
    schedule = _schedule(delivery, engine=engine)
    waiting = _waiting(delivery, engine=engine, now=now)
    return DeliveryPage(
        delivery=delivery,
        attempts=[attempt_shown(one) for one in delivery.attempts],
        allowed=attempts_allowed(delivery, engine=engine),
        next_at=delivery.due_at if delivery.status in (Status.RETRYING, Status.PENDING) else None,
        diagnosis=diagnosis.diagnose(facts_of(delivery, schedule=schedule)),
        waiting=waiting,
        consequence=_consequence(delivery, waits=len(schedule.waits), now=now),
        can_cancel=delivery.status in (Status.PENDING, Status.RETRYING, Status.HELD),
        is_final=delivery.status in FINAL,
        revision=_revision(delivery, waiting),
    )


def attempts_allowed(delivery: Delivery, *, engine: Engine) -> int:
    """How many attempts there are at most by itself, or were made already. Read with its listener."""
    return max(len(_schedule(delivery, engine=engine).waits) + 1, delivery.attempt_count)


def _schedule(delivery: Delivery, *, engine: Engine) -> Schedule:
    return schedule_for(delivery.listener.retry_schedule, engine.hooks.get(delivery.hook), engine.settings)


def facts_of(delivery: Delivery, *, schedule: Schedule) -> Facts:
    """What the diagnosis wants to know."""
    last = delivery.attempts[-1] if delivery.attempts else None
    answer = (last.response_headers if last else None) or ()
    span = last.started_at - delivery.attempts[0].started_at if last else timedelta()
    asked_wait = (
        retry_after([(str(name), str(value)) for name, value in answer], now=last.started_at)
        if last
        else None
    )
    return Facts(
        status=delivery.status,
        reason=delivery.reason,
        error_class=delivery.last_error_class,
        status_code=delivery.last_status_code,
        error=last.error if last else None,
        attempts=delivery.attempt_count,
        alike=sum(_ending(one) == _ending(last) for one in delivery.attempts) if last else None,
        is_tls=(last.url or delivery.listener.url).startswith("https:") if last else False,
        span=span,
        retry_after=header(answer, "retry-after") or None,
        asked_wait=asked_wait,
        least_wait=least_wait(delivery.last_status_code, delivery.last_error_class, schedule=schedule),
        location=header(answer, "location") or None,
    )


def _ending(attempt: Attempt) -> tuple[str | None, str]:
    """What two attempts have in common that ended alike."""
    return attempt.error_class, error_word(attempt.error_class, attempt.error)


def attempt_shown(attempt: Attempt) -> AttemptShown:
    """An attempt with the words for what came of it."""
    code = str(attempt.status_code) if attempt.status_code else ""
    name = error_word(attempt.error_class, attempt.error)
    is_answer = bool(code) and (attempt.error_class or "http_").startswith("http_")
    return AttemptShown(
        number=attempt.number,
        started_at=attempt.started_at,
        duration_ms=attempt.duration_ms,
        succeeded=attempt.error_class is None,
        is_answer=is_answer,
        word=code if is_answer else name or "No answer",
        mark=code or name,
        error=attempt.error or "",
        ip=attempt.ip,
        skipped_ips=attempt.skipped_ips or (),
        timings=attempt.timings or {},
        worker=attempt.worker or "",
    )


def tab_of(page: DeliveryPage, *, tab: str | None, attempt: str | None) -> Tab:
    """The tab that the address asks for; the last attempt's answer is what people come for."""
    attempts = page.delivery.attempts
    chosen = next((one for one in attempts if str(one.number) == attempt), attempts[-1] if attempts else None)
    name = tab if tab in TABS else "response" if attempts else "event"
    return Tab(name, chosen)


def content(page: DeliveryPage, tab: Tab, *, engine: Engine, sees_bodies: bool) -> Content:
    """What stands under the tab. Without `sees_bodies` nothing of what was sent or answered is in it."""
    delivery, attempt = page.delivery, tab.attempt
    if tab.name == "match":
        explained = matching.explain(delivery.listener.filter, delivery.event, sees_values=sees_bodies)
        return Content(verdicts=explained.conditions, problem=explained.problem)
    if tab.name == "event":
        if not sees_bodies:
            return Content()
        changes = [
            (name, one.get("old"), one.get("new")) for name, one in (delivery.event.changes or {}).items()
        ]
        return Content(body=shown_body(delivery.event.body.encode()), changes=changes)
    if tab.name == "request":
        return _request(delivery, attempt, engine=engine, sees_bodies=sees_bodies)
    return _response(attempt, sees_bodies=sees_bodies) if attempt else Content()


def _request(delivery: Delivery, attempt: Attempt | None, *, engine: Engine, sees_bodies: bool) -> Content:
    headers = [
        (name, value, value == HIDDEN) for name, value in (attempt.request_headers if attempt else None) or ()
    ]
    if not sees_bodies:
        return Content(headers=headers)
    body = sent_body(engine, delivery, attempt)
    curl = _curl(attempt.url, headers, body.decode()) if attempt and headers else ""
    return Content(headers=headers, body=shown_body(body), curl=curl)


def _response(attempt: Attempt, *, sees_bodies: bool) -> Content:
    pairs = attempt.response_headers or ()
    headers = [(str(name), str(value), False) for name, value in pairs]
    has_body = sees_bodies and attempt.response_body
    return Content(
        headers=headers, body=shown_body(attempt.response_body or b"", pairs) if has_body else None
    )


def _curl(url: str, headers: Sequence[tuple[str, str, bool]], body: str) -> str:
    """The request for a shell. Values that are hidden stay so, and have to be filled in."""
    parts = ["curl", "-X", "POST", shlex.quote(url)]
    for name, value, _ in headers:
        parts += ["\\\n  -H", shlex.quote(f"{name}: {value}")]
    return " ".join([*parts, "\\\n  --data-raw", shlex.quote(body)])


def _waiting(delivery: Delivery, *, engine: Engine, now: datetime) -> Waiting | None:
    """Why nothing happens just now; None where that needs no words."""
    if delivery.status == Status.SENDING:
        return Waiting("The request is on its way.")
    if delivery.status not in (Status.PENDING, Status.RETRYING) or delivery.due_at > now:
        return None
    try:
        ahead, workers = engine.queue.length(), engine.queue.workers()
    except QueueUnreachable:
        return NO_QUEUE
    if all(one.is_silent(now) for one in workers):
        return NO_WORKER
    if not ahead:
        return Waiting("Waiting for a worker to take it.")
    return Waiting(f"Waiting for a worker; the queue holds {plural(ahead, 'job')}.")


def _consequence(delivery: Delivery, *, waits: int, now: datetime) -> str:
    """What Retry would do; empty where it may not, or would do nothing."""
    listener = delivery.listener
    is_early = delivery.status in (Status.PENDING, Status.RETRYING) and delivery.due_at > now
    may_reopen = delivery.status in (Status.FAILED, Status.CANCELLED, Status.HELD)
    if listener.deleted_at is not None or not (is_early or may_reopen):
        return ""
    number = delivery.attempt_count + 1
    if listener.state == State.FAILING and not delivery.test:
        return f"Sends attempt {number} at once; if the receiver takes it, all that is held follows."
    if listener.state != State.ACTIVE and not delivery.test:
        return f"Sends attempt {number} at once, although the listener is {listener.state}; what follows is held."
    if delivery.tries >= waits:
        return f"Sends attempt {number} at once; no other follows by itself."
    return f"Sends attempt {number} at once; the automatic schedule goes on after it."


def _revision(delivery: Delivery, waiting: Waiting | None) -> str:
    return revision_of(
        delivery.status, delivery.reason, delivery.attempt_count, delivery.due_at, delivery.last_error_class,
        delivery.listener.state, waiting,
    )  # fmt: skip
