"""What is a matcher?

A small immutable value that says yes or no to one argument. The matchers
themselves are in match.py; what they have in common is here.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, NoReturn, TypeAlias

from webhooks_app.comparison import canonical
from webhooks_app.directions import written_out
from webhooks_app.errors import BadFilter, UnserializablePayload
from webhooks_app.payload import Json, json_value

ArgumentType: TypeAlias = Literal["text", "number", "boolean", "list", "object", "any"]
"""What an argument holds; "any" where its hook does not say."""
Change: TypeAlias = Mapping[str, object]
"""What an event keeps of an argument that changed: {"old": …, "new": …}."""

ALL_TYPES: Final[tuple[ArgumentType, ...]] = ("text", "number", "boolean", "list", "object", "any")
TEXT_TYPES: Final[tuple[ArgumentType, ...]] = ("text", "any")


class Matcher(ABC):
    """What one condition asks of one argument; immutable, hashable, equal by value."""

    __slots__ = ("value",)

    name: ClassVar[str]  # the word in JSON and forms
    label: ClassVar[str]  # the words in a select
    words: ClassVar[str]  # between argument and value in a sentence
    negated: ClassVar[str]  # the same for Not
    takes: ClassVar[Literal["nothing", "one", "list"]] = "one"
    types: ClassVar[tuple[ArgumentType, ...]] = ALL_TYPES

    value: Json

    def __init__(self, value: object) -> None:
        object.__setattr__(self, "value", self._accepted(_plain(value)))

    @abstractmethod
    def holds(self, got: object, change: Change | None = None, /) -> bool:
        """Whether an argument of the value `got`, or MISSING, is what was asked for."""

    @property
    def looks_at_change(self) -> bool:
        """Whether the answer depends on what changed, and not on the value alone."""
        return False

    def to_json(self) -> dict[str, Json]:
        """The matcher as `matcher_from_json` reads it: its name and its value."""
        return {self.name: self.value}

    def key(self) -> str:
        """One text for all equal matchers of this class."""
        return canonical(self.value)

    def sentence(self, argument: str, *, negated: bool = False) -> str:
        """The condition in words: name starts with "J"."""
        words = self.negated if negated else self.words
        shown = self._shown()
        return f"{argument} {words} {shown}" if shown else f"{argument} {words}"

    def _accepted(self, value: Json) -> Json:
        return value

    def _shown(self) -> str:
        return in_words(self.value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matcher):
            return NotImplemented
        return type(self) is type(other) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash((type(self), self.key()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __reduce__(self) -> tuple[type[Matcher], tuple[object, ...]]:
        return type(self), (self.value,)


def in_words(value: Json) -> str:
    """A value as it stands in a sentence; a long one is cut, and what would turn the sentence round is written out."""
    text = written_out(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 80 else f"{text[:79]}…"


def _plain(value: object) -> Json:
    try:
        return json_value(value)
    except UnserializablePayload as exc:
        raise BadFilter(str(exc).replace("The payload:", "The value:", 1)) from exc


class WithoutValue(Matcher):
    """Asks without a value: {"exists": true}."""

    __slots__ = ()
    takes = "nothing"

    def __init__(self) -> None:
        super().__init__(True)

    def _shown(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __reduce__(self) -> tuple[type[Matcher], tuple[object, ...]]:
        return type(self), ()


class OfText(Matcher):
    """Asks for text, and fits no other type."""

    __slots__ = ()
    types = TEXT_TYPES

    def _accepted(self, value: Json) -> Json:
        if not isinstance(value, str):
            raise BadFilter(f'"{self.name}" takes text.')
        return value
