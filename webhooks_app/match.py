"""What may a listener ask of one argument?

A new matcher is a class here and its place in MATCHERS; forms, JSON, preview and
docs read that table. A missing argument fits only `Any()` and `Not(Exists())`.
What is asked of several arguments together is a Filter (filter.py), which can be
imported from here as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from webhooks_app.change import Changed, ChangedFrom, ChangedTo
from webhooks_app.comparison import canonical, same
from webhooks_app.errors import BadFilter
from webhooks_app.lookup import MISSING
from webhooks_app.matcher import (
    ALL_TYPES,
    ArgumentType,
    Change,
    Matcher,
    OfText,
    WithoutValue,
    in_words,
)  # fmt: skip
from webhooks_app.order import Gt, Gte, Lt, Lte
from webhooks_app.pattern import lint, search_for
from webhooks_app.payload import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhooks_app.filter import Filter, Verdict

__all__ = [
    "MATCHERS", "MISSING", "Any", "ArgumentType", "Changed", "ChangedFrom", "ChangedTo", "Contains",
    "Endswith", "Exists", "Filter", "Gt", "Gte", "In", "Is", "Like", "Lt", "Lte", "Matcher", "Not",
    "Startswith", "Verdict", "lint", "matcher_from_json", "matchers_for",
]  # fmt: skip

MAX_CHOICES = 1000
"""Values of one In."""

MAX_NEGATIONS = 8
"""Not of Not of …"""


class Any(WithoutValue):
    """The argument may be anything, and may be missing."""

    __slots__ = ()
    name, label, words, negated = "any", "any", "is anything", "is nothing"

    def holds(self, _got: object, _change: Change | None = None, /) -> bool:
        return True


class Is(Matcher):
    """The argument is this value, type for type: Is(1) fits neither "1" nor true; 1 and 1.0 are the same."""

    __slots__ = ()
    name, label, words, negated = "is", "is", "is", "is not"

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        return same(self.value, got)


class Startswith(OfText):
    """The argument is text that begins so."""

    __slots__ = ()
    name, label, words, negated = "startswith", "starts with", "starts with", "does not start with"
    value: str

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        return isinstance(got, str) and got.startswith(self.value)


class Endswith(OfText):
    """The argument is text that ends so."""

    __slots__ = ()
    name, label, words, negated = "endswith", "ends with", "ends with", "does not end with"
    value: str

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        return isinstance(got, str) and got.endswith(self.value)


class Contains(Matcher):
    """The argument is text that holds this text, or a list that has this item."""

    __slots__ = ()
    name, label, words, negated = "contains", "contains", "contains", "does not contain"
    types = ("text", "list", "any")

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        if isinstance(got, str):
            return isinstance(self.value, str) and self.value in got
        return isinstance(got, list) and any(same(self.value, item) for item in got)


class Like(OfText):
    """The argument is text in which this RE2 regular expression finds a match, wherever it stands."""

    __slots__ = ("_found_in",)
    name, label, words, negated = "like", "matches regex", "matches regex", "does not match regex"
    _found_in: Callable[[str], bool]

    def _accepted(self, value: Json) -> Json:
        pattern = super()._accepted(value)
        object.__setattr__(self, "_found_in", search_for(str(pattern)))
        return pattern

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        """As every matcher's, but raises FilterUnusable for more than 64 KiB of text."""
        return isinstance(got, str) and self._found_in(got)


class In(Matcher):
    """The argument is one of these values; their order does not count."""

    __slots__ = ("_others", "_texts")
    name, label, words, negated = "in", "is one of", "is one of", "is not one of"
    takes = "list"
    types = ("text", "number", "any")
    value: list[Json]
    _texts: frozenset[str]
    _others: list[Json]

    def __init__(self, values: Iterable[object]) -> None:
        if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
            raise BadFilter('"in" takes a list of values.')
        super().__init__(list(values))

    def _accepted(self, value: Json) -> Json:
        if not isinstance(value, list) or not value:
            raise BadFilter('"in" takes at least one value.')
        if len(value) > MAX_CHOICES:
            raise BadFilter(f'"in" takes at most {MAX_CHOICES} values.')
        object.__setattr__(self, "_texts", frozenset(item for item in value if isinstance(item, str)))
        object.__setattr__(self, "_others", [item for item in value if not isinstance(item, str)])
        return value

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        if isinstance(got, str):
            return got in self._texts
        return any(same(item, got) for item in self._others)

    def key(self) -> str:
        # A filter made from a set must be the same at every start of the process.
        return "\n".join(sorted({canonical(item) for item in self.value}))

    def _shown(self) -> str:
        return in_words(self.value).removeprefix("[").removesuffix("]")


class Exists(WithoutValue):
    """The payload has the argument, be it null."""

    __slots__ = ()
    name, label, words, negated = "exists", "is present", "is present", "is absent"

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        return got is not MISSING


class Not(Matcher):
    """The argument is there and does not fit the other matcher; a plain value means Is.

    Not(Exists()) is the one that a missing argument fits.
    """

    __slots__ = ("_of_presence", "matcher")
    name, label, words, negated = "not", "is not", "is not", "is"
    matcher: Matcher
    _of_presence: bool

    def __init__(self, matcher: object) -> None:
        inner = matcher if isinstance(matcher, Matcher) else Is(matcher)
        chain = list(_chain(inner))
        if len(chain) > MAX_NEGATIONS:
            raise BadFilter(f'"not" may be nested at most {MAX_NEGATIONS} deep.')
        object.__setattr__(self, "matcher", inner)
        object.__setattr__(self, "_of_presence", isinstance(chain[-1], Exists))
        super().__init__(inner.to_json())

    @property
    def looks_at_change(self) -> bool:
        return self.matcher.looks_at_change

    def holds(self, got: object, change: Change | None = None, /) -> bool:
        if got is MISSING and not self._of_presence:
            return False
        return not self.matcher.holds(got, change)

    def to_json(self) -> dict[str, Json]:
        if isinstance(self.matcher, (Exists, Changed)):
            return {self.matcher.name: False}
        return {self.name: self.value}

    def key(self) -> str:
        return f"{self.matcher.name} {self.matcher.key()}"

    def sentence(self, argument: str, *, negated: bool = False) -> str:
        return self.matcher.sentence(argument, negated=not negated)

    def __repr__(self) -> str:
        return f"Not({self.matcher!r})"

    def __reduce__(self) -> tuple[type[Matcher], tuple[object, ...]]:
        return Not, (self.matcher,)


def _chain(matcher: Matcher) -> Iterable[Matcher]:
    yield matcher
    while isinstance(matcher, Not):
        matcher = matcher.matcher
        yield matcher


MATCHERS: Final[Mapping[str, type[Matcher]]] = MappingProxyType(
    {
        matcher.name: matcher
        for matcher in (
            Any, Is, Startswith, Endswith, Contains, Like, Not, In,
            Gt, Gte, Lt, Lte, Exists, Changed, ChangedFrom, ChangedTo,
        )
    }
)  # fmt: skip
"""Every matcher by its word in JSON and forms, in the order in which a form offers them."""


def matchers_for(kind: str) -> tuple[type[Matcher], ...]:
    """The matchers that can fit an argument of this type; every one if the type is "" or not known."""
    if kind not in ALL_TYPES:
        kind = "any"
    return tuple(matcher for matcher in MATCHERS.values() if kind in matcher.types)


def matcher_from_json(spec: object, *, argument: str | None = None) -> Matcher:
    """Read one matcher: {"startswith": "J"}, or a bare value, which means Is.

    `argument` is only for the error. Raises BadFilter.
    """
    try:
        return _read(spec)
    except BadFilter as exc:
        raise BadFilter(f"{argument}: {exc}" if argument else str(exc), argument=argument) from exc


def _read(spec: object) -> Matcher:
    if not isinstance(spec, dict):
        return Is(spec)
    if len(spec) != 1:
        raise BadFilter('A matcher is one word with its value, such as {"is": "x"}.')
    word, value = next(iter(spec.items()))
    matcher = MATCHERS.get(word)
    if matcher is None:
        raise BadFilter(f"{in_words(str(word))} is not a matcher; there are {', '.join(MATCHERS)}.")
    if matcher is Not:
        return Not(_read(value))
    if issubclass(matcher, WithoutValue):
        return _without_value(matcher, value)
    return matcher(value)


def _without_value(matcher: type[WithoutValue], value: object) -> Matcher:
    made = matcher()
    if value is True:
        return made
    if value is False and matcher is not Any:
        return Not(made)
    allowed = "true" if matcher is Any else "true or false"
    raise BadFilter(f'"{matcher.name}" takes only {allowed}.')


def __getattr__(name: str) -> object:
    # The seed's users import everything about matching from here, and filter.py stands on this file.
    if name in ("Filter", "Verdict"):
        from webhooks_app import filter as filter_module

        return getattr(filter_module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
