"""Which listeners want an event? Those of its hook whose filter accepts it.

seeking.py finds those that can want it; here their filters are asked. Filters are parsed once for each version
of a listener and kept by the process; pure but for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webhooks_app.errors import BadFilter, FilterUnusable
from webhooks_app.match import Filter
from webhooks_app.storage.models import State
from webhooks_app.storage.queries.access_keys import Found

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
_MOST_KEPT = 50_000  # at 1 to 3 KB each


def candidate_of(row: Found) -> Candidate:
    """The listener in this row."""
    found = _filter(row.id, row.version, row.filter)
    if isinstance(found, str):
        return Candidate(row.id, row.state, None, broken=found)
    return Candidate(row.id, row.state, found)


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


def _filter(listener_id: str, version: int, conditions: str) -> Filter | str:
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
