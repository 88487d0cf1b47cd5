"""What is measured? A case is a module here with `run(ground, plan) -> Findings`, and a place in this list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.figures import Findings
from tests.bench.ground import Ground


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to measure: rounds of which the median counts, and about how long a measurement takes."""

    rounds: int
    seconds: float


FULL = Plan(rounds=3, seconds=4.0)
QUICK = Plan(rounds=1, seconds=2.5)


def all_cases() -> Sequence[Callable[[Ground, Plan], Findings]]:
    """In the order they are run."""
    from tests.bench.cases import throughput

    return (throughput.run,)
