"""What did this event change? The matchers that ask.

Only model hooks keep what changed. An event without a change, and an argument
that is not in the payload, fit none of them.
"""

from __future__ import annotations

from webhooks_app.comparison import same
from webhooks_app.lookup import MISSING
from webhooks_app.matcher import Change, Matcher, WithoutValue


class _OfChange(Matcher):
    """Asks whether this event changed the argument; events without a change never fit."""

    __slots__ = ()

    @property
    def looks_at_change(self) -> bool:
        return True


class Changed(_OfChange, WithoutValue):
    """The event changed the argument."""

    __slots__ = ()
    name, label, words, negated = "changed", "changed", "changed", "did not change"

    def holds(self, got: object, change: Change | None = None, /) -> bool:
        return got is not MISSING and change is not None


class ChangedFrom(_OfChange):
    """The event changed the argument, and this is what it was."""

    __slots__ = ()
    name, label, words, negated = "changed_from", "changed from", "changed from", "did not change from"

    def holds(self, got: object, change: Change | None = None, /) -> bool:
        return got is not MISSING and change is not None and same(self.value, change.get("old", MISSING))


class ChangedTo(_OfChange):
    """The event changed the argument, and this is what it became."""

    __slots__ = ()
    name, label, words, negated = "changed_to", "changed to", "changed to", "did not change to"

    def holds(self, got: object, change: Change | None = None, /) -> bool:
        return got is not MISSING and change is not None and same(self.value, change.get("new", MISSING))
