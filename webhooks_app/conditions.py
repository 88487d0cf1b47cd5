"""How are the conditions of a filter written?

Either way they come out flat: an argument's name, with dots where it reaches into
an object, and one matcher.

In Python a dict as a condition always reaches into the payload, a tuple of
matchers asks several things of one argument, a matcher is itself, and any other
value means Is:

    Filter({"name": Startswith("J"), "address": {"city": "York"}, "total": (Gt(1), Lt(5))})

In JSON an object is read by its keys: if one of them is a matcher's word, all
must be, and all must hold ({"gt": 1, "lt": 5}); otherwise it reaches into the
payload and each of its values must be an object again. So a misspelt matcher is
refused and never taken for a nested name, and a nested argument that is called
like a matcher is written with a dot ({"address.in": {"is": "x"}}). Any other value
means Is:

    {"name": "Joe", "address": {"city": {"is": "York"}}, "total": {"gt": 1, "lt": 5}}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from webhooks_app.errors import BadFilter
from webhooks_app.match import MATCHERS, Is, Like, Matcher, Not, matcher_from_json
from webhooks_app.payload import MAX_DEPTH, Json

Condition: TypeAlias = tuple[str, Matcher]
"""An argument's name and what is asked of it."""

MAX_CONDITIONS = 50
MAX_REGEXES = 10
MAX_NAME = 512
"""Characters of an argument's name, dots and all."""


def from_python(conditions: Mapping[str, object], *, prefix: str = "") -> Iterator[Condition]:
    """Read conditions given in Python; raises BadFilter."""
    for key, condition in conditions.items():
        name = _name(prefix, key)
        if isinstance(condition, Mapping):
            if not condition:
                raise BadFilter(
                    f"{name}: nothing is asked; Is({{}}) asks for an empty object.", argument=name
                )
            yield from from_python(condition, prefix=f"{name}.")
        elif isinstance(condition, tuple):
            for matcher in condition:
                if not isinstance(matcher, Matcher):
                    raise BadFilter(f"{name}: a tuple holds matchers; a list is a value.", argument=name)
                yield name, matcher
        else:
            yield name, _is_unless_matcher(condition, name)


def from_json(conditions: Mapping[str, Json], *, prefix: str = "") -> Iterator[Condition]:
    """Read conditions given as decoded JSON; raises BadFilter."""
    for key, spec in conditions.items():
        name = _name(prefix, key)
        if not isinstance(spec, dict):
            yield name, matcher_from_json(spec, argument=name)
        elif _reaches_inside(spec, name):
            yield from from_json(spec, prefix=f"{name}.")
        else:
            for word, value in spec.items():
                yield name, matcher_from_json({word: value}, argument=name)


def _reaches_inside(spec: dict[str, Json], name: str) -> bool:
    if not spec:
        raise BadFilter(f"{name}: nothing is asked.", argument=name)
    if any(key in MATCHERS for key in spec):
        return False
    strange = next((key for key, value in spec.items() if not isinstance(value, dict)), None)
    if strange is not None:
        raise BadFilter(
            f'{name}: "{strange}" is not a matcher. A nested argument is written "{name}.{strange}".',
            argument=name,
        )
    return True


def _is_unless_matcher(condition: object, name: str) -> Matcher:
    if isinstance(condition, Matcher):
        return condition
    try:
        return Is(condition)
    except BadFilter as exc:
        raise BadFilter(f"{name}: {exc}", argument=name) from exc


def _name(prefix: str, key: object) -> str:
    if not isinstance(key, str):
        raise BadFilter(f"The name of an argument is text, not {type(key).__name__}.")
    name = prefix + key
    # Also what ends a dict that contains itself.
    if len(name) > MAX_NAME or name.count(".") >= MAX_DEPTH:
        raise BadFilter(f"The name of an argument may have {MAX_NAME} characters and {MAX_DEPTH} levels.")
    return name


def checked(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """The conditions without repetitions; raises BadFilter if they are too many or cannot stand together."""
    found = tuple(dict.fromkeys(conditions))
    if len(found) > MAX_CONDITIONS:
        raise BadFilter(f"A filter may have at most {MAX_CONDITIONS} conditions.")
    if sum(map(is_regex, found)) > MAX_REGEXES:
        raise BadFilter(f"A filter may have at most {MAX_REGEXES} regular expressions.")
    words = set()
    for name, matcher in found:
        word = next(iter(matcher.to_json()))
        if (name, word) in words:
            # In JSON the second would take the place of the first.
            raise BadFilter(f'{name}: "{word}" is asked twice.', argument=name)
        words.add((name, word))
    return found


def grouped(conditions: Iterable[Condition]) -> dict[str, tuple[Matcher, ...]]:
    """Each argument once, with all its matchers."""
    found: dict[str, tuple[Matcher, ...]] = {}
    for name, matcher in conditions:
        found[name] = (*found.get(name, ()), matcher)
    return found


def is_regex(condition: Condition) -> bool:
    """Whether a regular expression is searched for this condition."""
    matcher = condition[1]
    while isinstance(matcher, Not):
        matcher = matcher.matcher
    return isinstance(matcher, Like)
