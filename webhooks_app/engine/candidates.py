"""Which listeners want an event? Those of its hook whose filter accepts it.

Filters are parsed once for each version of a listener and kept by the process. Pure but for that cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.errors import BadFilter, FilterUnusable
from webhooks_app.match import Filter
from webhooks_app.storage.models import Listener, State

HELD_BECAUSE = {
    State.PAUSED: "The listener is paused.",
    State.FAILING: "The listener is failing.",
    State.DISABLED: "The listener is disabled.",
}
FILTER_UNUSABLE = "The filter could not be evaluated: {reason}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listener as matching sees it. `broken` says why its filter cannot be used at all."""

    listener_id: str
    state: str
    filter: Filter | None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A listener that gets a delivery, held for a reason if there is one."""

    listener_id: str
    held: str = ""


# By listener and version: its filter, or why that cannot be used.
_filters: dict[tuple[str, int], Filter | str] = {}
_MOST_KEPT = 200_000


def of_hooks(session: Session, hook_names: Iterable[str]) -> dict[str, list[Candidate]]:
    """Every listener of these hooks that is not deleted, by hook."""
    query = (
        sa.select(Listener.hook, Listener.id, Listener.version, Listener.state, Listener.filter)
        .where(Listener.hook.in_(list(hook_names)), Listener.deleted_at.is_(None))
        .order_by(Listener.id)
    )
    found: dict[str, list[Candidate]] = {}
    for hook, listener_id, version, state, conditions in session.execute(query):
        found.setdefault(hook, []).append(_candidate(listener_id, version, state, conditions))
    return found


def choose(
    candidates: Sequence[Candidate], payload: Mapping[str, Any], changes: Mapping[str, Any] | None
) -> list[Chosen]:
    """The candidates that want this payload. One whose filter fails gets it too, held: nothing is dropped."""
    chosen = []
    for candidate in candidates:
        verdict = _verdict(candidate, payload, changes)
        if verdict is not None:
            chosen.append(Chosen(candidate.listener_id, held=verdict))
    return chosen


def _verdict(
    candidate: Candidate, payload: Mapping[str, Any], changes: Mapping[str, Any] | None
) -> str | None:
    """None: not wanted. Else why the delivery is held, or an empty string."""
    if candidate.filter is None:
        return FILTER_UNUSABLE.format(reason=candidate.broken)
    try:
        if not candidate.filter.accepts(payload, changes):
            return None
    except FilterUnusable as error:
        return FILTER_UNUSABLE.format(reason=error)
    return HELD_BECAUSE.get(State(candidate.state), "")


def _candidate(listener_id: str, version: int, state: str, conditions: dict[str, Any]) -> Candidate:
    found = _filter(listener_id, version, conditions)
    if isinstance(found, str):
        return Candidate(listener_id, state, None, broken=found)
    return Candidate(listener_id, state, found)


def _filter(listener_id: str, version: int, conditions: dict[str, Any]) -> Filter | str:
    known = _filters.get((listener_id, version))
    if known is not None:
        return known
    if len(_filters) >= _MOST_KEPT:
        _filters.clear()
    found: Filter | str
    try:
        found = Filter.from_json(conditions)
    except BadFilter as error:
        found = str(error)
    _filters[listener_id, version] = found
    return found
