"""What does one measurement do? Starts a side's processes, publishes, and waits for the last recorded outcome.

The clock runs from the word "go" to the publisher until the last outcome is committed. CPU is that of the
publisher and of all the side's other processes, from when they were ready; not that of Redis, the database
server or the receiver.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa

from tests.bench.ground import FAN_OUT, ROOT, Ground, Place
from tests.bench.progress import progress
from webhooks_app.storage.database import make_engine

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120


class NotDelivered(Exception):
    """A measurement that means nothing: not every delivery ended well in time."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the ways to deliver that are compared."""

    name: str
    label: str
    guess: float  # deliveries a second, for the first round
    roles: tuple[str, ...] = ("worker",)  # of its processes besides the publisher
    tables: str = ""  # what the names of its tables begin with


FORKING = Side("forking", "one job each, RQ Worker (forks)", 50)
TWO_WORKERS = Side(
    "ours, two workers", "Webhooks App, 2 workers", 2000,
    roles=("worker", "worker", "slow worker", "clock"), tables="webhooks_",
)  # fmt: skip
SIMPLE = Side("simple", "one job each, RQ SimpleWorker", 250)
OURS = Side("ours", "Webhooks App", 1500, roles=("worker", "slow worker", "clock"), tables="webhooks_")


@dataclass(frozen=True, slots=True)
class Run:
    """What one measurement gave."""

    deliveries: int
    seconds: float
    cpu_seconds: float
    redis_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a delivery."""
        return self.cpu_seconds * 1000 / self.deliveries

    @property
    def redis_cpu_ms(self) -> float:
        """The CPU milliseconds of Redis a delivery."""
        return self.redis_cpu_seconds * 1000 / self.deliveries


@dataclass(frozen=True, slots=True)
class Middle:
    """The medians of some runs, each of its own."""

    rate: float
    cpu_ms: float
    redis_cpu_ms: float
    seconds: float
    deliveries: int

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Middle:
        """The medians."""
        return cls(
            rate=median(run.rate for run in runs),
            cpu_ms=median(run.cpu_ms for run in runs),
            redis_cpu_ms=median(run.redis_cpu_ms for run in runs),
            seconds=median(run.seconds for run in runs),
            deliveries=round(median(run.deliveries for run in runs)),
        )


def interleaved(
    ground: Ground, sides: Iterable[Side], *, database: str, rounds: int, seconds: float
) -> dict[str, list[Run]]:
    """Each side's runs by its name: in every round each side once, sized by its last run to take `seconds`."""
    sides = tuple(sides)
    runs: dict[str, list[Run]] = {side.name: [] for side in sides}
    rates = {side.name: side.guess for side in sides}
    for number in range(1, rounds + 1):
        for side in sides:
            run = measure(ground, side, database=database, events=_events(rates[side.name], seconds))
            runs[side.name].append(run)
            rates[side.name] = run.rate
            progress(
                f"{database}, round {number} of {rounds}, {side.name}: {run.deliveries} deliveries"
                f" in {run.seconds:.1f} s, {run.rate:.0f}/s, {run.cpu_ms:.2f} ms CPU each",
                part=_part(ground, database, (number - 1) / rounds),
            )
    return runs


def measure(ground: Ground, side: Side, *, database: str, events: int) -> Run:
    """Publish so many events and see them delivered. Raises NotDelivered."""
    wanted = events * FAN_OUT
    with ground.place(database) as place, ExitStack() as stack:
        publisher = stack.enter_context(Runner(side.name, "publisher", place))
        others = [stack.enter_context(Runner(side.name, role, place)) for role in side.roles]
        for each in (publisher, *others):
            each.wait_until_ready()
        redis_before, began = ground.redis_cpu_seconds(), time.monotonic()
        for each in (*others, publisher):
            each.say(str(events))
        _wait_for_outcomes(side, place, wanted=wanted, alive=others)
        seconds, redis_used = time.monotonic() - began, ground.redis_cpu_seconds() - redis_before
        used = publisher.result() + sum(each.stop() for each in others)
    return Run(wanted, seconds, used, redis_used)


def _part(ground: Ground, database: str, done: float) -> float:
    """How much of the case is done, which measures one database after the other."""
    return (ground.databases.index(database) + done) / len(ground.databases)


def _events(rate: float, seconds: float) -> int:
    return max(1, round(rate * seconds / FAN_OUT))


def _wait_for_outcomes(side: Side, place: Place, *, wanted: int, alive: Iterable[Runner]) -> None:
    recorded = f"SELECT count(*) FROM {side.tables}attempts"
    undelivered = f"SELECT count(*) FROM {side.tables}deliveries WHERE status <> 'delivered'"
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    engine = make_engine(place.database_url)
    try:
        while _counted(engine, recorded) < wanted:
            if time.monotonic() > give_up_at or any(each.has_ended for each in alive):
                raise NotDelivered(f"{side.name}: not all of {wanted} deliveries were made.")
            time.sleep(POLL_SECONDS)
        failed = _counted(engine, undelivered)
        if failed:
            raise NotDelivered(f"{side.name}: {failed} of {wanted} deliveries did not end well.")
    finally:
        engine.dispose()


def _counted(engine: sa.Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(query)) or 0)


class Runner:
    """A process that takes part; ended when it is left."""

    def __init__(self, side: str, role: str, place: Place) -> None:
        command = [sys.executable, "-m", "tests.bench.contestant", side, role, place.as_text()]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.__exit__(None, None, None)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until_ready(self) -> None:
        if self._line() != "ready":
            raise NotDelivered("A process of the measurement did not start; see its error above.")

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def stop(self) -> float:
        """End it as its users do; gives the CPU seconds that it used."""
        self._process.terminate()
        return self.result()

    def result(self) -> float:
        """The CPU seconds that it used, once it has done its part."""
        return float(json.loads(self._line())["cpu_seconds"])

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
