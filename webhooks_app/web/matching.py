"""Why did a listener get an event, or not? Its conditions with what the event held, and everyone's share of it.

Pure: the caller has read the event with its deliveries, and the listeners of its hook.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webhooks_app.errors import BadFilter
from webhooks_app.match import Filter
from webhooks_app.storage.models import Delivery, Event, Listener
from webhooks_app.web.present import compact_json

NOT_SHOWN = "(not shown to viewers)"


@dataclass(frozen=True, slots=True)
class ConditionShown:
    """One condition in words, what the event held there, and whether it holds."""

    argument: str
    sentence: str
    got: str
    holds: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """Every condition of a filter; `problem` says why it could not be read at all."""

    conditions: Sequence[ConditionShown] = ()
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether the listener wants the event."""
        return not self.problem and all(one.holds for one in self.conditions)


@dataclass(frozen=True, slots=True)
class Share:
    """What one listener got of an event: its deliveries, or why there is none."""

    listener: Listener
    deliveries: Sequence[Delivery] = ()
    sentence: str = ""
    why_not: str = ""
    got: str = ""


def explain(conditions: Mapping[str, Any], event: Event, *, sees_values: bool) -> Explained:
    """A listener's stored filter against an event."""
    try:
        asked = Filter.from_json(conditions)
    except BadFilter as error:
        return Explained(problem=str(error))
    payload = json.loads(event.body)
    return Explained(
        [
            ConditionShown(
                argument=name,
                sentence=matcher.sentence(name),
                got=_got(verdict.got, is_missing=verdict.is_missing) if sees_values else NOT_SHOWN,
                holds=verdict.holds,
                problem=verdict.problem or "",
            )
            for (name, matcher), verdict in zip(
                asked.asked, asked.explain(payload, event.changes), strict=True
            )
        ]
    )


def shares(event: Event, listeners: Sequence[Listener], *, sees_values: bool) -> list[Share]:
    """One line for each listener of the hook, those that got the event first; deleted ones only if they did."""
    got: dict[str, list[Delivery]] = {}
    for delivery in event.deliveries:
        got.setdefault(delivery.listener_id, []).append(delivery)
    known = {one.id: one for one in listeners} | {one.listener_id: one.listener for one in event.deliveries}
    reached = [_reached(known[listener_id], deliveries) for listener_id, deliveries in got.items()]
    missed = [_missed(event, one, sees_values=sees_values) for one in known.values() if one.id not in got]
    return sorted(reached, key=_by_name) + sorted(missed, key=_by_name)


def _reached(listener: Listener, deliveries: Sequence[Delivery]) -> Share:
    try:
        sentence = str(Filter.from_json(listener.filter))
    except BadFilter:
        sentence = "by a filter that cannot be read today"
    return Share(listener, deliveries, sentence)


def _missed(event: Event, listener: Listener, *, sees_values: bool) -> Share:
    if event.test:
        return Share(listener, why_not="A test goes to the listener it was made for, and to no other.")
    if event.dispatched_at is None:
        return Share(listener, why_not="The event waits to be matched with its listeners.")
    if listener.created_at > event.dispatched_at:
        return Share(listener, why_not="The listener was made after this event.")
    explained = explain(listener.filter, event, sees_values=sees_values)
    if explained.problem:
        return Share(listener, why_not=f"The filter cannot be read: {explained.problem}")
    failing = next((one for one in explained.conditions if not one.holds), None)
    if failing is None:
        return Share(listener, why_not="The filter was changed since; it would let this event through today.")
    return Share(listener, why_not=f"Not matched: {failing.sentence}", got=failing.problem or failing.got)


def _got(value: Any, *, is_missing: bool) -> str:
    if is_missing:
        return "missing"
    text = compact_json(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _by_name(share: Share) -> tuple[str, str]:
    return share.listener.name.lower(), share.listener.id
