"""What would a filter have done to the last events, and what do those events hold?

Pure but for a clock: the caller passes stored bodies. A filter may be slow and bodies large, so looking
stops after a fifth of a second and says how many events it got to.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webhooks_app.errors import FilterUnusable
from webhooks_app.filter import Filter, Verdict
from webhooks_app.lookup import MISSING, look_up
from webhooks_app.match import Like, Not, lint
from webhooks_app.matcher import in_words
from webhooks_app.web.present import percent

BUDGET_SECONDS = 0.2
SHOWN_MATCHES = 5
SHOWN_REJECTIONS = 3
FREQUENT_VALUES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One event to look at. `id` is None for a made-up one."""

    payload: Mapping[str, Any]
    id: str | None = None
    created_at: Any = None
    changes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the events hold under one argument's name. Values are as they stand in a sentence."""

    present: int = 0
    total: int = 0
    type: str = ""  # the most frequent: text number boolean null list object, "" if never seen
    example: str = ""
    frequent: tuple[tuple[str, int], ...] = ()

    @property
    def share(self) -> str:
        """In how many of the events the argument is, in words."""
        return percent(self.present, self.total)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that the filter does not take, and the first condition that says no."""

    sample: Sample
    why: str


@dataclass(slots=True)
class Preview:
    """What the filter did to `checked` of `total` events."""

    total: int
    checked: int = 0
    matched: int = 0
    passes: Counter[str] = field(default_factory=Counter)  # by argument, each condition for itself
    funnel: list[tuple[str, int]] = field(default_factory=list)  # conditions in order, with who passed so far
    matches: list[Sample] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    marks: list[bool] = field(default_factory=list)  # event by event, newest first

    @property
    def is_cut(self) -> bool:
        """Whether time ran out before every event was looked at."""
        return self.checked < self.total


def look_through(
    asked: Filter, samples: Sequence[Sample], *, clock: Callable[[], float] = time.monotonic
) -> Preview:
    """Try the filter on the samples, newest first."""
    found, until = Preview(total=len(samples)), clock() + BUDGET_SECONDS
    passed = [0] * len(asked.asked)
    for sample in samples:
        if found.checked and clock() > until:
            break
        _judge(found, passed, asked.explain(sample.payload, sample.changes), sample)
    found.funnel = [
        (str(Filter({name: (matcher,)})), count)
        for (name, matcher), count in zip(asked.asked, passed, strict=True)
    ]
    found.warnings = [*_warnings_of_patterns(asked), *_warnings_of_outcome(asked, found, samples)]
    return found


def seen_in(samples: Iterable[Sample], name: str) -> Seen:
    """What these events hold under this name."""
    values: Counter[str] = Counter()
    types: Counter[str] = Counter()
    present = total = 0
    example = ""
    for sample in samples:
        total += 1
        value = look_up(sample.payload, tuple(name.split(".")))
        if value is MISSING:
            continue
        present += 1
        types[type_of(value)] += 1
        example = example or shown(value)
        if not isinstance(value, (dict, list)):
            values[shown(value)] += 1
    most = types.most_common(1)
    repeated = tuple(pair for pair in values.most_common(FREQUENT_VALUES) if present)
    return Seen(present, total, most[0][0] if most else "", example, repeated)


def type_of(value: object) -> str:
    """The word for a JSON value's type."""
    if value is None:
        return "null"
    words = ((bool, "boolean"), ((int, float), "number"), (str, "text"), (list, "list"), (dict, "object"))
    return next((word for kind, word in words if isinstance(value, kind)), "")


def shown(value: object) -> str:
    """A value as it would be typed into the form; a long one is cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def why_not(verdict: Verdict) -> str:
    """One condition that does not hold, in words."""
    if verdict.problem:
        return f"{verdict.argument}: {verdict.problem}"
    if verdict.is_missing:
        return f"{verdict.argument} is absent"
    return f"{verdict.argument} is {in_words(verdict.got)}"  # type: ignore[arg-type]  # a payload's value is JSON


def _judge(found: Preview, passed: list[int], verdicts: Sequence[Verdict], sample: Sample) -> None:
    found.checked += 1
    first_no: Verdict | None = None
    said_no = {verdict.argument for verdict in verdicts if not verdict.holds}
    found.passes.update({verdict.argument for verdict in verdicts} - said_no)
    for place, verdict in enumerate(verdicts):
        first_no = first_no or (None if verdict.holds else verdict)
        passed[place] += first_no is None
    found.marks.append(first_no is None)
    if first_no is None:
        found.matched += 1
        if len(found.matches) < SHOWN_MATCHES:
            found.matches.append(sample)
    elif len(found.rejected) < SHOWN_REJECTIONS:
        found.rejected.append(Rejected(sample, why_not(first_no)))


def _warnings_of_patterns(asked: Filter) -> list[str]:
    found = []
    for name, matcher in asked.asked:
        inner = matcher.matcher if isinstance(matcher, Not) else matcher
        if isinstance(inner, Like):
            found += [f"{name}: {sentence}" for sentence in lint(str(inner.value))]
            if _fits_everything(inner):
                found.append(f"{name}: this regular expression fits every text.")
    return found


def _fits_everything(pattern: Like) -> bool:
    try:
        return all(pattern.holds(text) for text in ("", "a", "\n", "0 ~ é"))
    except FilterUnusable:
        return False


def _warnings_of_outcome(asked: Filter, found: Preview, samples: Sequence[Sample]) -> list[str]:
    if not found.checked or not asked.asked:
        return []
    looked_at = samples[: found.checked]
    absent = [name for name in asked.arguments if not seen_in(looked_at, name).present]
    warnings = [f"{name} was absent in {found.checked} of {found.checked} events." for name in absent]
    if found.matched == found.checked > 1:
        warnings.append(f"All {found.checked} events match: so far the same as no filter.")
    return warnings
