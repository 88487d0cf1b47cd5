"""What are the dashboard's figures in words? Each has a note, and the list of what it counts where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import url_for

from webhooks_app.storage.queries import figures as queries
from webhooks_app.storage.queries.figures import Failures, Slot
from webhooks_app.storage.queries.system import Backlog
from webhooks_app.web.present import duration, iso, number, percent, plural
from webhooks_app.web.system import COUNTED_UP_TO

COUNTED_EVENTS = 100_000


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


def tiles(span: Span, backlog: Backlog, *, since: datetime) -> list[dict[str, Any]]:
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
            "href": log_of(("status", "delivered"), begun),
        },
        {
            "label": "Failed",
            "value": number(total.failed),
            "note": "no further attempt follows" if total.failed else "none gave up",
            "tone": "bad" if total.failed else "",
            "href": log_of(("status", "failed"), begun),
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
            "href": log_of(("status", "pending"), ("status", "sending"), ("status", "retrying")),
        },
        {
            "label": "Held now",
            "value": _up_to(backlog.held, COUNTED_UP_TO),
            "note": "until their listener can be sent to again" if backlog.held else "nothing is held",
            "tone": "warn" if backlog.held else "",
            "href": log_of(("status", "held")),
        },
    ]


def log_of(*args: tuple[str, str]) -> str:
    """The address of the log with these parts."""
    return f"{url_for('deliveries.index')}?{urlencode(args)}"


def _looked_at(answers: int) -> str:
    if not answers:
        return "no answers"
    return f"of {'the last ' if answers >= queries.ANSWERS else ''}{plural(answers, 'answer')}"


def _up_to(count: int, most: int) -> str:
    return f"> {most:,}" if count > most else number(count)
