"""What does a case find? Figures, each with what it is compared to and whether its target holds, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `ratio` says how many times better it is than `baseline`; `target` is what the ratio must reach."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the ratio reaches the target; None where there is none."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target

    def as_json(self) -> dict[str, Any]:
        """As `instance/bench.json` keeps it."""
        rounded = {
            key: round(each, 3) if isinstance(each, float) else each for key, each in asdict(self).items()
        }
        return {**rounded, "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a case found: a title, how it was measured, a table of what was measured, and its figures."""

    title: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Sequence[Figure] = field(default=())
