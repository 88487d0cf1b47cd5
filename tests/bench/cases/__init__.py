"""What is measured? A case is a module here with `run(ground, plan) -> Findings`, and a place in this list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.bench.figures import Findings
from tests.bench.ground import Ground


@dataclass(frozen=True, slots=True)
class Plan:
    """How thoroughly to measure."""

    rounds: int  # of which the median counts
    seconds: float  # about how long a measurement takes
    latency_seconds: float  # for each rate
    fan_out: int  # listeners of one event
    deliveries: int  # over which memory is watched
    listeners: int  # of one hook, among which those are found that want an event
    stored: int  # deliveries, when it is asked whether it matters how many there are
    stored_a_day: int  # so many of them a day; a day's are what they are compared with
    old: int  # deliveries, half of which are old enough to be deleted
    all_databases: bool = True  # else the cases beside the throughput take the first one alone

    def databases(self, ground: Ground) -> Sequence[str]:
        """Where the cases beside the throughput are measured."""
        return ground.databases if self.all_databases else ground.databases[:1]


FULL = Plan(
    rounds=3, seconds=4.0, latency_seconds=20.0, fan_out=10_000, deliveries=100_000, listeners=100_000,
    stored=250_000, stored_a_day=25_000, old=40_000,
)  # fmt: skip
QUICK = Plan(
    rounds=1, seconds=2.0, latency_seconds=4.0, fan_out=2_000, deliveries=5_000, listeners=10_000,
    stored=100_000, stored_a_day=10_000, old=5_000, all_databases=False,
)  # fmt: skip
LONG = replace(FULL, latency_seconds=120.0)


def deep(plan: Plan) -> Plan:
    """The same with as much stored as a busy installation has after months."""
    return replace(plan, stored=5_000_000, stored_a_day=50_000)


Case = Callable[[Ground, Plan], Findings]


def all_cases() -> Sequence[Case]:
    """In the order they are run."""
    from tests.bench.cases import (
        growth,
        guard,
        latency,
        matching,
        memory,
        publishing,
        retention,
        slow_receivers,
        throughput,
    )

    return (
        throughput.run,
        slow_receivers.run,
        latency.run,
        publishing.run,
        matching.run,
        guard.run,
        growth.run,
        retention.run,
        memory.run,
    )
