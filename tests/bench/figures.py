"""What does a case find? Figures, each with what it is compared to and whether its target holds, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `ratio` says how many times better it is than `baseline`; `target` is what the ratio must reach.

    Without a baseline the target is for the value itself, which must reach it, or may not exceed it (`at_most`).
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        found = self.value if self.ratio is None else self.ratio
        return found <= self.target if self.at_most else found >= self.target

    def as_json(self) -> dict[str, Any]:
        """As `instance/bench.json` keeps it."""
        rounded = {
            key: round(each, 3) if isinstance(each, float) else each for key, each in asdict(self).items()
        }
        del rounded["at_most"]
        return {**rounded, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a case found: a title, how it was measured, a table of what was measured, and its figures."""

    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Sequence[Figure] = field(default=())
