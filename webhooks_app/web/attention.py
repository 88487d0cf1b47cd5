"""Who needs attention? The listeners that fail, failed or are tried again, each with what came last and what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from webhooks_app.storage import ids
from webhooks_app.storage.models import Delivery
from webhooks_app.storage.queries import attempts
from webhooks_app.storage.queries import figures as queries
from webhooks_app.storage.queries.attempts import Last
from webhooks_app.storage.queries.figures import IN_TROUBLE, Failures, Troubled
from webhooks_app.web.error_words import error_word
from webhooks_app.web.present import iso
from webhooks_app.web.shared import session
from webhooks_app.web.trouble import troubles

SHOWN_IN_TROUBLE = 10


def attention(failures: Failures, *, since: datetime) -> dict[str, Any]:
    """The list of who needs attention, and whether more do; `steps` says what comes next on the failure ladder."""
    found = queries.troubled(session(), failures, limit=SHOWN_IN_TROUBLE + 1)
    shown = found[:SHOWN_IN_TROUBLE]
    errors = queries.last_errors(session(), failures, [one.listener.id for one in shown])
    last = attempts.last_ones(session(), [one.id for one in errors.values()])
    rows = [_row(one, errors.get(one.listener.id), last, since=since) for one in shown]
    steps = troubles([one.listener for one in shown])
    return {"rows": rows, "steps": steps, "are_more": len(found) > len(shown)}


def _row(
    one: Troubled, wrong: Delivery | None, last: Mapping[str, Last], *, since: datetime
) -> dict[str, Any]:
    listener, shown_id = one.listener, ids.shown(ids.LISTENER, one.listener.id)
    attempt = last.get(wrong.id, Last()) if wrong else Last()
    is_stopped = listener.state in IN_TROUBLE
    return {
        "id": shown_id,
        "name": listener.name,
        "url": listener.url,
        "hook": listener.hook,
        "state": str(listener.state),
        "is_stopped": is_stopped,
        "is_retrying": bool(one.retrying) and not is_stopped,
        "reason": listener.state_reason if is_stopped else "",
        "since": listener.state_since if is_stopped else _begun_at(one),
        "counts": _counts(one),
        "failed": one.failed,
        "error": error_word(wrong.last_error_class, attempt.error) if wrong else "",
        "error_id": ids.shown(ids.DELIVERY, wrong.id) if wrong else "",
        "error_at": attempt.started_at or wrong.created_at if wrong else None,
        "failed_args": (("listener", shown_id), ("status", "failed"), ("since", iso(since))),
        "retrying_args": (("listener", shown_id), ("status", "retrying")),
    }


def _counts(one: Troubled) -> str:
    more = "at least " if one.at_least else ""
    counts: Sequence[tuple[int, str]] = (
        (one.failed, "failed"),
        (one.retrying, "retrying"),
        (one.held, "held"),
    )
    return ", ".join(f"{more}{count:,} {word}" for count, word in counts if count)


def _begun_at(one: Troubled) -> datetime | None:
    moments = [at for at in (one.first_failed_at, one.first_retried_at) if at is not None]
    return min(moments, default=None)
