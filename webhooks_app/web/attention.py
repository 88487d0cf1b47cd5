"""Who needs attention? The listeners that fail, failed or are tried again, each with what came last and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from webhooks_app.storage import ids
from webhooks_app.storage.queries import figures as queries
from webhooks_app.storage.queries.attempts import Newest
from webhooks_app.storage.queries.figures import IN_TROUBLE, Failures, Troubled
from webhooks_app.storage.queries.last_errors import last_errors
from webhooks_app.web.error_words import error_word
from webhooks_app.web.present import iso
from webhooks_app.web.shared import session
from webhooks_app.web.trouble import troubles

SHOWN_IN_TROUBLE = 10


def attention(failures: Failures, *, since: datetime) -> dict[str, Any]:
    """The list of who needs attention, and whether more do; `steps` says what comes next on the failure ladder."""
    found = queries.troubled(session(), failures, limit=SHOWN_IN_TROUBLE + 1)
    shown = found[:SHOWN_IN_TROUBLE]
    errors = last_errors(session(), failures, [one.listener.id for one in shown], since)
    rows = [_row(one, errors.get(one.listener.id), since=since) for one in shown]
    steps = troubles([one.listener for one in shown])
    return {"rows": rows, "steps": steps, "are_more": len(found) > len(shown)}


def _row(one: Troubled, wrong: Newest | None, *, since: datetime) -> dict[str, Any]:
    listener, shown_id = one.listener, ids.shown(ids.LISTENER, one.listener.id)
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
        "error": error_word(wrong.error_class, wrong.error) if wrong else "",
        "error_id": ids.shown(ids.DELIVERY, wrong.delivery_id) if wrong else "",
        "error_at": wrong.started_at if wrong else None,
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
