"""What does a listener ask of an event's payload?

A filter holds if all of its conditions hold; one without conditions takes every
event. Conditions are made in Python or read from JSON, and are kept flat: a
condition on a nested object becomes a dotted name.

How conditions are written, in Python and in JSON: conditions.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from webhooks_app.conditions import Condition, checked, from_json, from_python, grouped, is_regex
from webhooks_app.errors import BadFilter, FilterUnusable, UnserializablePayload
from webhooks_app.lookup import MISSING, look_up, look_up_change
from webhooks_app.match import Any, Matcher
from webhooks_app.matcher import in_words
from webhooks_app.payload import Json, decode, jsonable

Changes: TypeAlias = Mapping[str, Mapping[str, object]]
"""What an event keeps of a change: {"name": {"old": …, "new": …}}."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one condition. `wanted` and `got` are JSON; `matcher` is the word in JSON.

    `got` is None where the argument `is_missing`. It is the change, {"old": …, "new": …}, where the
    matcher asks for one and there was one.
    `problem` is the sentence of a condition that could not be evaluated, which then does not hold.
    """

    argument: str
    matcher: str
    wanted: Json
    got: object
    holds: bool
    is_missing: bool = False
    problem: str | None = None


class Filter:
    """All that a listener asks; immutable, hashable, equal by what it asks, whatever the order."""

    __slots__ = ("_asked", "_canonical", "_checks")

    def __init__(self, conditions: Mapping[str, object]) -> None:
        """Raises BadFilter, which knows the argument."""
        self._asked = checked(from_python(conditions))
        self._canonical = _canonical(self._asked)
        # Regular expressions last: they cost most, and only they can be unusable, which is then
        # said only of an event that fits all the rest.
        self._checks = tuple(
            (name, _path(name), matcher.holds, matcher.looks_at_change)
            for name, matcher in sorted(self._asked, key=is_regex)
        )

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, object]) -> Filter:
        """Read what `to_json` wrote or a person did, as text or already decoded; raises BadFilter."""
        try:
            conditions = decode(source) if isinstance(source, (str, bytes)) else source
            if not isinstance(conditions, Mapping):
                raise BadFilter("A filter is a JSON object: each argument with what is asked of it.")
            return cls(grouped(from_json(jsonable(conditions))))
        except UnserializablePayload as exc:
            raise BadFilter(str(exc)) from exc

    def accepts(self, payload: Mapping[str, object], changes: Changes | None = None) -> bool:
        """Whether every condition holds; raises FilterUnusable where that cannot be told."""
        for name, path, holds, looks_at_change in self._checks:
            got = look_up(payload, path) if len(path) > 1 else payload.get(name, MISSING)
            change = look_up_change(changes, path) if looks_at_change and changes else None
            try:
                if not holds(got, change):
                    return False
            except FilterUnusable as exc:
                raise FilterUnusable(f"{name}: {exc}") from exc
        return True

    def explain(self, payload: Mapping[str, object], changes: Changes | None = None) -> list[Verdict]:
        """A verdict for each condition, in the order asked; never raises."""
        return [_verdict(name, matcher, payload, changes or {}) for name, matcher in self._asked]

    @property
    def conditions(self) -> Mapping[str, Matcher | tuple[Matcher, ...]]:
        """Each argument with its matcher, or all of them where there are several; Filter() takes it back."""
        found = grouped(self._asked)
        return MappingProxyType({name: each[0] if len(each) == 1 else each for name, each in found.items()})

    @property
    def asked(self) -> tuple[Condition, ...]:
        """Every condition as argument and matcher, in the order asked."""
        return self._asked

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments asked about, each once, in the order asked; nested ones with dots."""
        return tuple(dict.fromkeys(name for name, _ in self._asked))

    def to_json(self) -> dict[str, Json]:
        """{"name": {"is": "Joe"}, …}: dotted names, always the matcher's word."""
        return {
            name: {word: value for matcher in each for word, value in matcher.to_json().items()}
            for name, each in grouped(self._asked).items()
        }

    def canonical(self) -> str:
        """One text for all equal filters, to store and to compare."""
        return self._canonical

    def __and__(self, other: Filter) -> Filter:
        """A filter that asks what both ask."""
        if not isinstance(other, Filter):
            return NotImplemented
        return Filter(grouped(self._asked + other.asked))

    def __str__(self) -> str:
        sentences = [
            matcher.sentence(name if name.replace(".", "").isidentifier() else in_words(name))
            for name, matcher in self._asked
            if not isinstance(matcher, Any)
        ]
        return " and ".join(sentences) or "All events"

    def __repr__(self) -> str:
        return f"Filter({dict(self.conditions)!r})"

    def __eq__(self, other: object) -> bool:
        return self._canonical == other.canonical() if isinstance(other, Filter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._canonical)

    def __reduce__(self) -> tuple[type[Filter], tuple[object, ...]]:
        return Filter, (dict(self.conditions),)


def _path(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))


def _canonical(asked: Iterable[Condition]) -> str:
    # Any asks for nothing, so a filter with it is the same as one without.
    texts = [[name, matcher.name, matcher.key()] for name, matcher in asked if not isinstance(matcher, Any)]
    return json.dumps(sorted(texts), separators=(",", ":"))


def _verdict(name: str, matcher: Matcher, payload: Mapping[str, object], changes: Changes) -> Verdict:
    got = look_up(payload, _path(name))
    change = look_up_change(changes, _path(name)) if matcher.looks_at_change else None
    problem = None
    try:
        holds = matcher.holds(got, change)
    except FilterUnusable as exc:
        holds, problem = False, str(exc)
    word, wanted = next(iter(matcher.to_json().items()))
    return Verdict(
        argument=name,
        matcher=word,
        wanted=wanted,
        got=dict(change) if change else None if got is MISSING else got,
        holds=holds,
        is_missing=got is MISSING,
        problem=problem,
    )
