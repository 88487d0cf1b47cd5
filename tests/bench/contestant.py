"""What runs in a process of a measurement? `python -m tests.bench.contestant SIDE ROLE PLACE`.

It imports everything, says "ready" on standard output, waits for the number of events on standard input, does
its part, and says how much CPU that part took, its children's included. A publisher publishes so many
events; the others work until SIGTERM.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from tests.bench.ground import Place


class Contestant(Protocol):
    """One of the ways to deliver that are compared, as its processes see it."""

    def __init__(self, place: Place) -> None: ...

    @property
    def working(self) -> Mapping[str, Callable[[], None]]:
        """By role: what a process does until SIGTERM."""

    def prepare(self) -> None:
        """Make tables and listeners."""

    def publish(self, events: int) -> None:
        """Publish so many events, each in a transaction of its own."""


def contestant_of(side: str) -> type[Contestant]:
    """The side's class; only it is imported, so that neither pays for the other's modules."""
    if side.startswith("ours"):
        from tests.bench.ours import Ours

        return Ours
    from tests.bench.baseline import SIDES

    return SIDES[side]


def used_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    mine = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in mine)


def main(side: str, role: str, place: str) -> None:
    """Take part in this role for this side."""
    contestant = contestant_of(side)(Place.from_text(place))
    if role == "publisher":
        contestant.prepare()
    print("ready", flush=True)
    events = int(sys.stdin.readline())
    before = used_seconds()
    if role == "publisher":
        contestant.publish(events)
    else:
        contestant.working[role]()
    print(json.dumps({"cpu_seconds": used_seconds() - before}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
