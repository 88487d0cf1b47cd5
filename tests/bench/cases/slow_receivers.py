"""How much goes out to receivers that are far away, or many?

Receivers 200 ms away keep no core busy: what counts is how many sends are in flight at once. And one event to ten
thousand listeners must begin to arrive at once, and not when all its deliveries are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, Place
from tests.bench.progress import progress
from tests.bench.scene import Scene, scene
from webhooks_app.engine.wanted import Wanted

AWAY_MS = 200
MANY = 200
MANY_PER_SECOND, ONE_PER_SECOND, FIRST_MS = 250.0, 35.0, 1000.0
COLUMNS = ("database", "listeners", "answer after", "deliveries", "seconds", "per second", "first after ms")


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure on every database of the plan."""
    rows: list[tuple[str, ...]] = []
    figures: list[Figure] = []
    databases = plan.databases(ground)
    for database in databases:
        for measure in (_many, _one, _fan_out):
            progress(f"{database},{measure.__name__.replace('_', ' ')}", part=len(rows) / len(databases) / 3)
            row, found = measure(ground, database, plan)
            rows.append(row)
            figures += found
    return Findings(
        title="Receivers that are far away, or many: from publishing to the last recorded outcome",
        notes=("one worker, one for slow listeners and the clock; default limits of sends in flight",),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


Measured = tuple[tuple[str, ...], list[Figure]]


def _many(ground: Ground, database: str, plan: Plan) -> Measured:
    events = max(1, round(MANY_PER_SECOND * plan.seconds * 2 / MANY))
    with scene(ground, database, _away(MANY)) as found:
        seconds = _published_and_recorded(found, events=events, deliveries=events * MANY)
    rate = events * MANY / seconds
    name = f"deliveries per second ({database}, {MANY} listeners {AWAY_MS} ms away)"
    row = (database, str(MANY), f"{AWAY_MS} ms", str(events * MANY), f"{seconds:.1f}", f"{rate:.0f}", "")
    return row, [Figure(name, rate, "1/s", target=MANY_PER_SECOND)]


def _one(ground: Ground, database: str, plan: Plan) -> Measured:
    events = round(ONE_PER_SECOND * plan.seconds * 2)
    with scene(ground, database, _away(1)) as found:
        seconds = _published_and_recorded(found, events=events, deliveries=events)
    rate = events / seconds
    name = f"deliveries per second ({database}, one listener {AWAY_MS} ms away)"
    row = (database, "1", f"{AWAY_MS} ms", str(events), f"{seconds:.1f}", f"{rate:.1f}", "")
    return row, [Figure(name, rate, "1/s", target=ONE_PER_SECOND)]


def _fan_out(ground: Ground, database: str, plan: Plan) -> Measured:
    with scene(ground, database, _at_once(plan.fan_out)) as found:
        published = found.publish(0)
        found.wait_until_recorded(plan.fan_out)
        seconds = time.monotonic() - published
        moments = [arrival.at for arrival in found.arrivals()]
    first, rate = (min(moments) - published) * 1000, plan.fan_out / (max(moments) - min(moments))
    of = f"({database}, one event to {plan.fan_out} listeners)"
    count = str(plan.fan_out)
    row = (database, count, "at once", count, f"{seconds:.1f}", f"{rate:.0f}", f"{first:.0f}")
    return row, [
        Figure(f"first arrival {of}", first, "ms", target=FIRST_MS, at_most=True),
        Figure(f"arrivals per second {of}", rate, "1/s"),
    ]


def _published_and_recorded(found: Scene, *, events: int, deliveries: int) -> float:
    began = time.monotonic()
    for number in range(events):
        found.publish(number)
    found.wait_until_recorded(deliveries)
    return time.monotonic() - began


def _away(count: int) -> Callable[[Place], Iterable[Wanted]]:
    return lambda place: (
        Wanted(url=place.url(number).replace("hook", f"wait/{AWAY_MS}")) for number in range(count)
    )


def _at_once(count: int) -> Callable[[Place], Iterable[Wanted]]:
    return lambda place: (
        Wanted(url=place.url(number).replace("hook", f"seen/{number}")) for number in range(count)
    )
