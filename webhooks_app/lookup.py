"""What does a payload hold under this name?

A dot reaches into an object: address.city is the "city" of "address". Keys that
hold dots themselves are found too, and win: the longest key first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from webhooks_app.comparison import same
from webhooks_app.payload import Json


class _Missing:
    """The one value of an argument that a payload does not have."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def look_up(payload: Mapping[str, object], path: tuple[str, ...]) -> object:
    """What stands under the name whose parts between dots are `path`, or MISSING."""
    for cut in range(len(path), 0, -1):
        found = payload.get(path[0] if cut == 1 else ".".join(path[:cut]), MISSING)
        if cut < len(path):
            found = look_up(found, path[cut:]) if isinstance(found, dict) else MISSING
        if found is not MISSING:
            return found
    return MISSING


def look_up_change(
    changes: Mapping[str, Mapping[str, object]], path: tuple[str, ...]
) -> Mapping[str, object] | None:
    """What an event keeps of the change of this argument, {"old": …, "new": …}; None if it did not change.

    Of a name that reaches into an argument, the part before the first dot is what the event keeps,
    and what it means is the difference inside: {"old"} alone where the new value lacks it.
    """
    change = changes.get(".".join(path))
    if change is not None or len(path) == 1:
        return change
    whole = changes.get(path[0])
    if whole is None:
        return None
    sides = ((side, value) for side, value in whole.items() if isinstance(value, dict))
    inside = {side: look_up(value, path[1:]) for side, value in sides}
    found = {side: value for side, value in inside.items() if value is not MISSING}
    return found if found and not _unchanged(found) else None


def _unchanged(change: Mapping[str, object]) -> bool:
    return len(change) == 2 and same(cast("Json", change["old"]), change["new"])
