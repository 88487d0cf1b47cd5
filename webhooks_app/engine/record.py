"""How is the outcome of attempts kept? In groups: one transaction writes the attempts and moves the deliveries.

Only the holder of the lease may move a delivery. If the lease was lost meanwhile, the rescue has already
closed this attempt as `worker_lost`; the late answer is then written into that attempt as `superseded`,
and the delivery, which another worker may have claimed again, is left alone. But if nobody has, and the
receiver took it, it is delivered: else the receiver would get it twice. A success counts for its listener
(`health`) however late it is known; a failure that nobody waited for does not.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine, health, steps
from webhooks_app.engine.busy import PASSING
from webhooks_app.engine.claim import Claimed
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.headers import HIDDEN
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome, Timings
from webhooks_app.engine.retry import Disable, Done, GiveUp, Retry, Step, next_step
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.insert import insert_rows
from webhooks_app.storage.models import DISCARD, Attempt, Delivery, Status
from webhooks_app.storage.queries.among import among

log = logging.getLogger("webhooks_app.deliver")

_PHASES = tuple(one.name for one in fields(Timings))
# Core, because the ORM would look at every row twice.
_DELIVERIES = cast("sa.Table", Delivery.__table__)
_ATTEMPTS = cast("sa.Table", Attempt.__table__)
# While the database is locked or restarts, what was sent is worth waiting for: else it would be sent again. After
# so long it is the stragglers who try again.
_LONGEST_SECONDS = 20.0
_LONGEST_PAUSE_SECONDS = 1.0
# Errors of the database that pass, and those that lie in what is written: the database's own, and those of its driver
# for text without an encoding and for numbers that are too large. Nothing wider: a job's alarm may strike here, and an
# error of ours would be taken for an answer that cannot be written.
_AWAY = (*PASSING, sa.exc.TimeoutError)
_UNWRITABLE = (sa.exc.StatementError, UnicodeError, OverflowError)


@dataclass(slots=True)  # not frozen: see Outcome
class Finished:
    """An attempt that has ended and is to be recorded."""

    claimed: Claimed
    message: Message | None  # None if it could not even be made
    outcome: Outcome
    started_at: datetime

    @property
    def ended_at(self) -> datetime:
        """When the answer was there, which may be long before it is recorded."""
        return self.started_at + timedelta(milliseconds=self.outcome.timings.total_ms)


def record(engine: Engine, finished: Sequence[Finished]) -> None:
    """Write these outcomes in one transaction; tried again while the database is away and their lease lasts.

    To record twice does no harm. Raises sqlalchemy's errors if the database stayed away.
    """
    reach("record.before")
    try:
        _patiently(engine, finished)
    except _AWAY:
        raise
    except _UNWRITABLE:
        for one in finished:  # so that what one receiver answered spoils nobody else's outcome
            _record_alone(engine, one)
    reach("record.after_commit")


def _patiently(engine: Engine, finished: Sequence[Finished]) -> None:
    lease = max(one.claimed.lease_until for one in finished) - engine.clock()
    until = time.monotonic() + min(lease.total_seconds(), _LONGEST_SECONDS)
    pause = 0.1
    while True:
        try:
            return _record(engine, finished)
        except _AWAY:
            if time.monotonic() >= until:
                raise
        time.sleep(pause * random.random())  # nosec B311 # jitter, not a secret
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _record_alone(engine: Engine, one: Finished) -> None:
    bare = replace(one, message=None, outcome=_without_answer(one.outcome))
    for writable in (one, bare):
        try:
            _patiently(engine, [writable])
        except _AWAY:
            raise
        except _UNWRITABLE:
            log.exception(
                "The attempt %d of the delivery %s cannot be written.",
                one.claimed.attempt,
                one.claimed.id,
                extra=one.claimed.in_log,
            )
        else:
            return
    log.error("The delivery %s is left to its lease.", one.claimed.id, extra=one.claimed.in_log)


def _without_answer(outcome: Outcome) -> Outcome:
    """What can be written of it in any case: an accepted delivery must not be sent again. Pure."""
    return Outcome(
        status_code=outcome.status_code,
        error_class=None if outcome.accepted else "internal",
        error="What was sent and answered could not be written; the log says why.",
    )


def _record(engine: Engine, finished: Sequence[Finished]) -> None:
    now = engine.clock()
    with engine.sessions.begin() as session:
        ours: set[str] = set()
        for change, ids, token in _changes(finished, now=now):
            ours |= _move(session, ids, token=token, change=change)
        kept = [one for one in finished if one.claimed.id in ours]
        if kept:
            insert_rows(session, _ATTEMPTS, [attempt_row(one, worker=engine.worker_name) for one in kept])
        reach("record.mid_tx")
        others = [one for one in finished if one.claimed.id not in ours]
        late = [one for one in others if _supersede(session, one, now=now) and one.outcome.accepted]
        in_trouble = health.count(session, kept, late=late, now=now)
    steps.take(engine, in_trouble)


def _changes(
    finished: Iterable[Finished], *, now: datetime
) -> Iterable[tuple[dict[str, Any], list[str], str]]:
    """What becomes of the deliveries: equal changes of one claim go in one statement."""
    groups: dict[tuple[Any, ...], tuple[dict[str, Any], list[str], str]] = {}
    for one in finished:
        step = next_step(
            one.outcome,
            tries=one.claimed.tries + 1,
            now=now,
            schedule=one.claimed.listener.schedule,
            chance=random.random(),  # nosec B311 # jitter, not a secret
        )
        outcome, token = one.outcome, one.claimed.token
        key = (token, step, outcome.status_code, outcome.error_class, outcome.error)
        group = groups.get(key)
        if group is None:
            group = groups[key] = (change_for(step, outcome, now=now), [], token)
        group[1].append(one.claimed.id)
    return groups.values()


def change_for(step: Step, outcome: Outcome, *, now: datetime) -> dict[str, Any]:
    """The delivery's new columns after a step. Pure."""
    change: dict[str, Any] = {
        "last_status_code": outcome.status_code,
        "last_error_class": outcome.error_class,
    }
    sentence = outcome.error or (
        f"The receiver answered {outcome.status_code}." if outcome.status_code else ""
    )
    match step:
        case Done():
            return change | {"status": Status.DELIVERED, "reason": "", "finished_at": now}
        case Retry(at):
            return change | {"status": Status.RETRYING, "reason": sentence, "due_at": at}
        case GiveUp(reason):
            return change | {"status": Status.FAILED, "reason": f"{reason} {sentence}", "finished_at": now}
        case Disable(reason):
            return change | {"status": Status.FAILED, "reason": reason, "finished_at": now}


def _move(session: Session, ids: Sequence[str], *, token: str, change: dict[str, Any]) -> set[str]:
    given = {f"new_{name}": value for name, value in change.items()}
    return set(session.scalars(_moving(frozenset(change)), {"ids": ids, "token": token, **given}))


@cache
def _moving(changed: frozenset[str]) -> sa.Update:
    """The statement that moves a group, for the columns that change; to build it costs as much as to run it."""
    row = _DELIVERIES.c
    return (
        sa.update(_DELIVERIES)
        .where(
            among(row.id, "ids"),
            row.status == Status.SENDING,
            row.lease_token == sa.bindparam("token"),
        )
        .values(
            attempt_count=row.attempt_count + 1,
            tries=row.tries + 1,
            crashes=0,
            alone=False,
            by_hand=False,
            lease_token=None,
            lease_until=None,
            **{name: sa.bindparam(f"new_{name}") for name in sorted(changed)},
        )
        .returning(row.id)
    )


def attempt_row(one: Finished, *, worker: str) -> dict[str, Any]:
    """The columns of a recorded attempt; the listener's own header values are hidden, but for public ones. Pure."""
    outcome, message, listener = one.outcome, one.message, one.claimed.listener
    headers: Sequence[Any] = message.headers if message else ()
    if listener.hidden_headers:
        headers = [[name, HIDDEN if name in listener.hidden_headers else value] for name, value in headers]
    discards = bool(outcome.response_body) and not listener.keeps_bodies
    return {
        "id": new_id(),
        "delivery_id": one.claimed.id,
        "number": one.claimed.attempt,
        "started_at": one.started_at,
        "duration_ms": outcome.timings.total_ms,
        "status_code": outcome.status_code,
        "error_class": outcome.error_class,
        "error": outcome.error,
        "url": listener.url,
        "ip": outcome.ip,
        "skipped_ips": outcome.skipped_ips or None,
        "timings": _phases(outcome.timings),
        "request_headers": headers,
        "body_format": listener.body_format,
        "response_headers": outcome.response_headers,
        "response_body": None if discards else outcome.response_body,
        "truncated": DISCARD if discards else outcome.truncated,
        "worker": worker,
    }


def _phases(timings: Timings) -> dict[str, float]:
    """The phases that were reached, in milliseconds to three decimals."""
    phases = ((name, getattr(timings, name)) for name in _PHASES)
    return {name: round(value, 3) for name, value in phases if value is not None}


def _supersede(session: Session, one: Finished, *, now: datetime) -> bool:
    """Write it into the attempt that the rescue closed; False where it was written before."""
    answer = (
        f"answered {one.outcome.status_code}" if one.outcome.status_code else one.outcome.error or "no answer"
    )
    written = session.scalar(
        sa.update(Attempt)
        .where(
            Attempt.delivery_id == one.claimed.id,
            Attempt.number == one.claimed.attempt,
            Attempt.error_class == "worker_lost",
        )
        .values(
            error_class="superseded",
            error=f"The worker was thought lost, and came back after its lease: {answer}.",
            status_code=one.outcome.status_code,
            duration_ms=one.outcome.timings.total_ms,
        )
        .returning(Attempt.id)
        .execution_options(synchronize_session=False)
    )
    if one.outcome.accepted:
        session.execute(
            sa.update(Delivery)
            .where(
                Delivery.id == one.claimed.id,
                Delivery.status.in_((Status.RETRYING, Status.HELD)),
                Delivery.lease_token.is_(None),
                Delivery.attempt_count == one.claimed.attempt,
            )
            .values(change_for(Done(), one.outcome, now=now))
            .values(tries=Delivery.tries + 1, crashes=0, alone=False, queued_at=None)
            .execution_options(synchronize_session=False)
        )
    return written is not None
