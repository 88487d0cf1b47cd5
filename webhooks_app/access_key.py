"""By which key does an index find a listener, and which keys can those have that want an event?

A listener has one key, which says something that its filter cannot do without: the first of these that the
filter gives, and the one with the longest value where it gives several.

    is:city="York"        equality (also `in` one value): numbers by value, types apart, as `is` compares
    startswith:city=Yo    the beginning or the end of a text, 64 characters at most
    endswith:city=rk
    contains:city=Yor     the first three characters of a text that `contains` or `like` cannot do without
    is:paid=true          equality with true, false or null, which tells few events from others
    *                     nothing of that: every event is shown to the listener

An event has every key that its values give, of the kinds ("is:city") that are in use. Who wants the event has
one of these keys; the rest of a filter is evaluated after that, so that a key may find too many listeners but
never too few. Keys are ASCII, because a database need not know every character.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Final, NamedTuple, TypeAlias, cast

from webhooks_app.comparison import canonical
from webhooks_app.conditions import Condition, grouped, is_regex
from webhooks_app.errors import BadFilter
from webhooks_app.filter import Filter
from webhooks_app.literal import longest_literal
from webhooks_app.lookup import MISSING, look_up
from webhooks_app.match import Contains, Endswith, In, Is, Like, Startswith
from webhooks_app.pattern import MAX_SUBJECT
from webhooks_app.payload import Json

EVERY_EVENT: Final = "*"
"""The key of a listener that every event is shown to."""

MOST_CHARACTERS: Final = 64
"""Of a beginning or an end, and of an argument's name; a longer value is told by its SHA-256, which has as many."""

MOST_KEYS: Final = 20_000
"""Of an event; where it would have more, all that ask `contains` or `like` are evaluated instead."""

_FRAGMENT: Final = 3
_NOT_IN_A_NAME: Final = frozenset('="\\')  # so that a kind can be read back from its keys
_EQUALITY, _EDGE, _PART, _FLAG = 4, 3, 2, 1

_Choice: TypeAlias = tuple[int, int, str]  # how well a key tells events apart, how long its value is, the key


class Kind(NamedTuple):
    """What keys ask alike: a matcher's word and the argument that it is asked of."""

    word: str
    argument: str

    def __str__(self) -> str:
        """As it stands in its keys, before the first "="."""
        return f"{self.word}:{_written(self.argument)}"

    @property
    def asks_for_a_part(self) -> bool:
        """Whether an event has a key of this kind for each place of a text."""
        return self.word == Contains.name

    @classmethod
    def from_text(cls, text: str) -> Kind:
        """What `str` gave."""
        word, _, argument = text.partition(":")
        return cls(word, json.loads(f'"{argument}"'))

    def key(self, value: str) -> str:
        """The key of this kind with this value."""
        return f"{self}={_written(value)}"

    def keys(self, values: Iterable[str]) -> list[str]:
        """The same for many."""
        start = f"{self}="
        return [start + _written(value) for value in values]

    def has(self, key: str) -> bool:
        """Whether a key is of this kind."""
        return key.startswith(f"{self}=")


@dataclass(frozen=True, slots=True)
class PossibleKeys:
    """Where those listeners are that can want an event: under these keys, and all of these kinds."""

    keys: frozenset[str]
    whole: Sequence[Kind] = ()


def access_key(wanted: Filter) -> str:
    """The key of a listener with this filter."""
    return max(_choices(wanted), default=(0, 0, EVERY_EVENT))[2]


def stored_key(conditions: str | Mapping[str, object]) -> str:
    """The key of a filter as it is stored; one that cannot be read is shown every event, to hold it."""
    try:
        return access_key(Filter.from_json(conditions))
    except BadFilter:
        return EVERY_EVENT


def possible_keys(payload: Mapping[str, object], kinds: Iterable[Kind]) -> PossibleKeys:
    """Every key of these kinds that a listener can have which wants this payload."""
    keys, parts = {EVERY_EVENT}, {}
    for kind in kinds:
        got = look_up(payload, tuple(kind.argument.split(".")))
        if kind.asks_for_a_part:
            parts[kind] = _fragments(got)
        else:
            keys.update(kind.keys(_values(kind.word, got)))
    if len(keys) + sum(len(found or ()) for found in parts.values()) > MOST_KEYS:
        return PossibleKeys(frozenset(keys), tuple(parts))
    for kind, found in parts.items():
        keys.update(kind.keys(found or ()))
    return PossibleKeys(frozenset(keys), [kind for kind, found in parts.items() if found is None])


def _choices(wanted: Filter) -> Iterator[_Choice]:
    # In the order in which a stored filter is read again.
    asked = [(name, matcher) for name, each in grouped(wanted.asked).items() for matcher in each]
    # A regular expression is evaluated last, and cannot be where the text is too long: the delivery is then held.
    # So only the first one is sure to be evaluated where all the rest fits.
    first_regex = next(filter(is_regex, asked), None)
    for condition in asked:
        if _has_short_name(condition) and (condition is first_regex or not is_regex(condition)):
            yield from _choice(condition)


def _has_short_name(condition: Condition) -> bool:
    name = condition[0]
    return len(name) <= MOST_CHARACTERS and name.isprintable() and _NOT_IN_A_NAME.isdisjoint(name)


def _choice(condition: Condition) -> Iterator[_Choice]:
    """The key that one condition gives, if any."""
    name, matcher = condition
    if isinstance(matcher, Is):
        yield _equality(name, matcher.value)
    elif isinstance(matcher, In) and len(matcher.value) == 1:
        yield _equality(name, matcher.value[0])
    elif isinstance(matcher, Startswith) and matcher.value:
        key = Kind(Startswith.name, name).key(matcher.value[:MOST_CHARACTERS])
        yield _EDGE, len(matcher.value), key
    elif isinstance(matcher, Endswith) and matcher.value:
        yield _EDGE, len(matcher.value), Kind(Endswith.name, name).key(matcher.value[-MOST_CHARACTERS:])
    elif isinstance(matcher, Contains) and isinstance(matcher.value, str):
        yield from _part(name, matcher.value)
    elif isinstance(matcher, Like):
        yield from _part(name, longest_literal(str(matcher.value)))


def _equality(name: str, value: Json) -> _Choice:
    text = canonical(value)
    rank = _FLAG if value is None or isinstance(value, bool) else _EQUALITY
    return rank, len(text), Kind(Is.name, name).key(_short(text))


def _part(name: str, literal: str) -> Iterator[_Choice]:
    if len(literal) >= _FRAGMENT:
        yield _PART, len(literal), Kind(Contains.name, name).key(literal[:_FRAGMENT])


def _values(word: str, got: object) -> Iterable[str]:
    """What a key's value can be for this argument: that which it is, begins with or ends with."""
    if word == Is.name:
        return () if got is MISSING else (_short(canonical(cast("Json", got))),)
    if not isinstance(got, str):
        return ()
    lengths = range(1, min(len(got), MOST_CHARACTERS) + 1)
    if word == Startswith.name:
        return (got[:length] for length in lengths)
    return (got[-length:] for length in lengths)


def _fragments(got: object) -> set[str] | None:
    """The three characters from each place of a text; the first three of a list's texts, which `contains` asks whole.

    None for a text that a regular expression cannot search as it is.
    """
    if isinstance(got, list):
        return {item[:_FRAGMENT] for item in got if isinstance(item, str) and len(item) >= _FRAGMENT}
    if not isinstance(got, str):
        return set()
    if not _can_be_searched(got):
        return None
    return {got[start : start + _FRAGMENT] for start in range(len(got) - _FRAGMENT + 1)}


def _can_be_searched(text: str) -> bool:
    try:
        return len(text) <= MAX_SUBJECT and len(text.encode()) <= MAX_SUBJECT
    except UnicodeEncodeError:  # a lone surrogate, which is searched under another name
        return False


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else hashlib.sha256(text.encode()).hexdigest()


def _written(text: str) -> str:
    """The text in printable ASCII; two texts may become the same one, which only finds too many."""
    return text if text.isascii() and text.isprintable() else encode_basestring_ascii(text)[1:-1]
