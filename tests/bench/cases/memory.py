"""Does a worker's memory stay small and flat while it works? Its resident size, looked at twice a second.

Growth is the end against a fifth of the way: what is opened or kept once (connections, listeners' secrets, SQL that
was compiled) is there by then.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import FAN_OUT, LISTENERS, Ground, Place, payload
from tests.bench.progress import progress
from tests.bench.scene import Scene, scene
from webhooks_app.engine import intake
from webhooks_app.engine.wanted import Wanted
from webhooks_app.match import Filter

MOST_MB = 150.0
FLAT_MB = 5.0
EVENTS_AT_ONCE = 500
AHEAD = 20_000  # deliveries published before they are made, so that the worker never waits
LOOK_SECONDS = 0.5
COLUMNS = ("database", "deliveries", "seconds", "MB at a fifth", "MB at the end", "MB at most")


def run(ground: Ground, plan: Plan) -> Findings:
    """Watch a worker on the first database."""
    database = ground.databases[0]
    with scene(ground, database, _listeners) as found:
        began = time.monotonic()
        sizes = _watched(found, plan.deliveries)
        seconds = time.monotonic() - began
    fifth = next(size for count, size in sizes if count >= plan.deliveries / 5)
    last, most = sizes[-1][1], max(size for _, size in sizes)
    of = f"({database}, {plan.deliveries} deliveries)"
    return Findings(
        title="Memory: the resident size of a worker under sustained load",
        notes=(f"{LISTENERS} listeners, {FAN_OUT} of them want each event, sizes every {LOOK_SECONDS} s",),
        columns=COLUMNS,
        rows=[
            (
                database,
                str(plan.deliveries),
                f"{seconds:.1f}",
                f"{fifth:.1f}",
                f"{last:.1f}",
                f"{most:.1f}",
            )
        ],
        figures=[
            Figure(f"memory of a worker {of}", most, "MB", target=MOST_MB, at_most=True),
            Figure(f"its growth after a fifth {of}", last - fifth, "MB", target=FLAT_MB, at_most=True),
        ],
    )


def _listeners(place: Place) -> Iterable[Wanted]:
    for number in range(LISTENERS):
        yield Wanted(url=place.url(number), filter=Filter({"group": number // FAN_OUT}))


def _watched(found: Scene, deliveries: int) -> list[tuple[int, float]]:
    """How large the worker was when so many deliveries were recorded."""
    sizes: list[tuple[int, float]] = []
    published, looked_at = 0, 0.0

    def look(count: int) -> None:
        nonlocal published, looked_at
        while published < min(deliveries, count + AHEAD):
            first = published // FAN_OUT
            events = min(EVENTS_AT_ONCE, deliveries // FAN_OUT - first)
            some = [payload(number) for number in range(first, first + events)]
            intake.publish_many(found.ours.engine, found.ours.hook.name, some, sender="bench")
            published += events * FAN_OUT
        if time.monotonic() - looked_at >= LOOK_SECONDS or count >= deliveries:
            looked_at = time.monotonic()
            sizes.append((count, resident_mb(found.worker.pid)))
            progress(f"{count} of {deliveries} deliveries, {sizes[-1][1]:.0f} MB", part=count / deliveries)

    found.wait_until_recorded(deliveries, look=look)
    return sizes


def resident_mb(pid: int) -> float:
    """The memory that a process has in use, as the system tells it on Linux and macOS."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024
