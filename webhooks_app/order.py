"""Which of two values comes first? The matchers that ask for more or less.

Numbers are compared with numbers and ISO dates, which are text, with ISO dates;
a value of another kind does not fit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeAlias

from webhooks_app.errors import BadFilter
from webhooks_app.matcher import Change, Matcher
from webhooks_app.payload import Json

Compare: TypeAlias = Callable[[Any, Any], bool]


class _OfOrder(Matcher):
    __slots__ = ("_compares",)
    types = ("text", "number", "any")
    compare: ClassVar[Compare]
    _compares: Callable[[object], bool]

    def _accepted(self, value: Json) -> Json:
        compares = _comparison(value, type(self).compare)
        if compares is None:
            raise BadFilter(f'"{self.name}" takes a number or an ISO date such as "2026-12-31".')
        object.__setattr__(self, "_compares", compares)
        return value

    def holds(self, got: object, _change: Change | None = None, /) -> bool:
        return self._compares(got)


class Gt(_OfOrder):
    """The argument is more, or later, than this."""

    __slots__ = ()
    name, label, words, negated = "gt", "more than (>)", ">", "is not >"
    compare = operator.gt


class Gte(_OfOrder):
    """The argument is this or more, or later."""

    __slots__ = ()
    name, label, words, negated = "gte", "at least (≥)", "≥", "is not ≥"
    compare = operator.ge


class Lt(_OfOrder):
    """The argument is less, or earlier, than this."""

    __slots__ = ()
    name, label, words, negated = "lt", "less than (<)", "<", "is not <"
    compare = operator.lt


class Lte(_OfOrder):
    """The argument is this or less, or earlier."""

    __slots__ = ()
    name, label, words, negated = "lte", "at most (≤)", "≤", "is not ≤"
    compare = operator.le


def moment(text: object) -> datetime | None:
    """The moment an ISO 8601 date or date and time means; None for any other text or value.

    Only the written-out form is read (2026-12-31, 2026-12-31T23:59:59+02:00): the short
    ones look like numbers. A time without an offset is taken as UTC, and a date alone
    as its first moment in UTC, so that any two of them can be compared.
    """
    if not isinstance(text, str) or text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _comparison(wanted: Json, compare: Compare) -> Callable[[object], bool] | None:
    """A function saying whether its value compares so with `wanted`; None if `wanted` has no order."""
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return lambda got: type(got) in (int, float) and compare(got, wanted)
    wanted_moment = moment(wanted)
    if wanted_moment is None:
        return None

    def moment_compares(got: object) -> bool:
        got_moment = moment(got)
        return got_moment is not None and compare(got_moment, wanted_moment)

    return moment_compares
