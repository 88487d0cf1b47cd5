"""Is nothing lost, whatever happens? Forty faults on real processes, each judged by an outside receiver.

    installation   what faults happen to: web, workers, clocks, Redis, a database, and relays before them
    postgresql     a server that may be killed
    relay          a line that can be bad
    oracle         the receiver: its own process, its own log, its own check of signatures
    generator      publishes, and knows what any caller knows
    jumping_clock  lets the time of whole processes jump
    nemesis        kills, stops and starts; one fault a trial, or a random mix by its seed
    old_tables     what the version before wrote
    trial          a hook, its listeners and events, and what is to hold
    checker        the eight invariants

`python -m tests.faults` (`make test-faults`) runs those that every change has to pass, with ALL=1 all of them,
with SOAK=minutes the random mix for so long. `make test` runs only the tests of the harness itself.
"""

from __future__ import annotations

import os

EVERY_CHANGE = frozenset({*range(1, 15), 16, 20, 21, 31, 40})
HOOK_NAMES = tuple(f"fault.{number}" for number in range(400))
SOAK = 0  # the random mix
ELSEWHERE = 41  # not a fault of the plan: what stands between several machines
SENDS_IN_FLIGHT = 8  # of one worker to one listener, by default
UNRECORDED = 50  # results that a worker records in one transaction
WORKERS_UP = 3  # of an installation: two quick ones and the slow one


def most_again(*, ends: int, listeners: int = 1) -> int:
    """I5's figure for a whole trial: what may arrive again after so many ends of a worker."""
    return ends * (SENDS_IN_FLIGHT * listeners + UNRECORDED)


def slowness() -> float:
    """How many times slower than alone this machine is just now, at least 1: others may be using it too."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
