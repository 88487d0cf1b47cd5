"""Which listeners can want an event? Found by their keys, so that it does not take longer the more there are.

A hook with few listeners is asked whole. Of any other, an index gives those under the keys of an event
(access_key.py), and each event is asked of them alone; what the rest of their filters asks is for
candidates.choose.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from webhooks_app.access_key import MOST_KEYS, Kind, PossibleKeys, possible_keys
from webhooks_app.engine.candidates import Candidate, candidate_of
from webhooks_app.storage.queries import access_keys

log = logging.getLogger("webhooks_app.dispatch")

FEW = 100  # listeners of a hook, which are asked sooner than looked up
MOST_KINDS = 300  # of keys of a hook; with more of them, to look up each costs more than it spares


def of_events(
    session: Session, events: Iterable[Any], *, few: int = FEW
) -> Iterator[tuple[Any, Sequence[Candidate]]]:
    """Each event, in this order, with the listeners of its hook that can want it, in the order of their ids."""
    hooks: dict[str, _Listeners] = {}
    asking: list[_Asking] = []
    keys = 0
    for event in events:
        if event.hook not in hooks:
            hooks[event.hook] = _Listeners(session, event.hook, few=few)
        one = _Asking(event, hooks[event.hook].asked_by(event))
        if keys + one.size > MOST_KEYS:
            yield from _answered(asking, hooks)
            asking, keys = [], 0
        asking.append(one)
        keys += one.size
    yield from _answered(asking, hooks)


@dataclass(slots=True)
class _Asking:
    """An event, and where those are that can want it; None for everybody."""

    event: Any
    asked: PossibleKeys | None

    @property
    def size(self) -> int:
        return len(self.asked.keys) if self.asked else 0


class _Listeners:
    """The listeners of one hook, as one transaction finds them."""

    def __init__(self, session: Session, hook: str, *, few: int) -> None:
        self._session, self._hook = session, hook
        self._few = few
        self._kinds: set[Kind] | None = None  # None: everybody is asked
        self._small: set[Kind] = set()  # asked whole: a text has many parts to look up
        self._everybody: Sequence[Candidate] | None = None
        self._by_key: dict[str, dict[str, Candidate]] = {}
        self._keys_of: dict[Kind, set[str]] = {}  # of those that were asked for whole
        some = access_keys.first(session, hook, most=few + 1)
        if len(some) <= few:
            self._everybody = _in_order(map(candidate_of, some))
        else:
            self._know(access_keys.kinds(session, hook, most=MOST_KINDS + 1))

    def asked_by(self, event: Any) -> PossibleKeys | None:
        """Where those are that can want the event; None for everybody."""
        if self._kinds is None:
            return None
        try:
            found = possible_keys(json.loads(event.body), self._kinds - self._small)
            return replace(found, whole=[*found.whole, *self._small])
        except Exception:
            # Broad, because one event that breaks this would stop all others for as long as it waits.
            log.exception("The event %s gives no keys; every listener of its hook is asked.", event.id)
            return None

    def look_up(self, asking: Sequence[_Asking]) -> None:
        """Find those that can want these events; again if somebody saved a key of a new kind meanwhile."""
        asked = [one.asked for one in asking if one.asked is not None]
        if self._kinds is None or not asked:
            return
        keys = frozenset().union(*(each.keys for each in asked))
        whole = {kind for each in asked for kind in each.whole}
        found = access_keys.look_up(self._session, self._hook, keys, whole, most_kinds=MOST_KINDS + 1)
        if not self._kinds.issuperset(found.kinds):
            self._know(found.kinds)
            for one in asking:
                one.asked = self.asked_by(one.event)
            self.look_up(asking)
            return
        self._by_key = {}
        for row in found.listeners:
            self._by_key.setdefault(row.access_key, {})[row.id] = candidate_of(row)
        self._keys_of = {kind: {key for key in self._by_key if kind.has(key)} for kind in whole}

    def those_for(self, asked: PossibleKeys | None) -> Sequence[Candidate]:
        """The candidates of an event that was looked up."""
        if asked is None:
            return self._all()
        keys = asked.keys & self._by_key.keys()
        for kind in asked.whole:
            keys |= self._keys_of[kind]
        return _in_order(candidate for key in keys for candidate in self._by_key[key].values())

    def _know(self, kinds: Collection[Kind]) -> None:
        self._kinds = set(kinds) if len(kinds) <= MOST_KINDS else None
        self._small = {
            kind for kind in self._kinds or () if kind.asks_for_a_part and not self._is_large(kind)
        }

    def _is_large(self, kind: Kind) -> bool:
        return access_keys.has_more(self._session, self._hook, kind, than=self._few)

    def _all(self) -> Sequence[Candidate]:
        if self._everybody is None:
            self._everybody = _in_order(map(candidate_of, access_keys.every(self._session, self._hook)))
        return self._everybody


def _answered(
    asking: Sequence[_Asking], hooks: Mapping[str, _Listeners]
) -> Iterator[tuple[Any, Sequence[Candidate]]]:
    for hook in {one.event.hook for one in asking}:
        hooks[hook].look_up([one for one in asking if one.event.hook == hook])
    for one in asking:
        yield one.event, hooks[one.event.hook].those_for(one.asked)


def _in_order(candidates: Iterable[Candidate]) -> Sequence[Candidate]:
    return sorted(candidates, key=lambda candidate: candidate.listener_id)
