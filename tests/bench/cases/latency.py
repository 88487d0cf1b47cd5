"""How long after it was published does an event arrive, while the system is idle and while some receivers hang?

From the call that publishes, commit and all, until the receiver has the request. One listener gets each event;
of 200 listeners 20 answer nothing until the default timeout of 15 seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground, Place
from tests.bench.progress import progress
from tests.bench.scene import Scene, percentile, scene
from webhooks_app.engine.wanted import Wanted
from webhooks_app.match import Filter

LISTENERS, HANGING = 200, 20
PAUSE_SECONDS = 0.1  # between the events of an idle system
PATIENCE_SECONDS = 30.0
PUBLISHERS = 4  # threads: one would wait for the disk at each commit
IDLE = {"p50": 30.0}
# Events a second, and how many milliseconds of them healthy receivers may see.
BUSY = {50: {"p50": 30.0, "p99": 60.0}, 250: {"p50": 50.0, "p99": 120.0, "max": 500.0}}
COLUMNS = (
    "database", "load", "events", "too late", "seconds", "published per second", "p50 ms", "p99 ms", "max ms",
)  # fmt: skip


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure on every database of the plan."""
    rows: list[tuple[str, ...]] = []
    figures: list[Figure] = []
    databases = plan.databases(ground)
    steps = len(databases) * (1 + len(BUSY))
    for database in databases:
        for rate, limits in ({0: IDLE} | BUSY).items():
            load = f"{rate} events/s, {HANGING} of {LISTENERS} hang" if rate else "idle"
            progress(f"{database}, {load}", part=len(rows) / steps)
            with scene(ground, database, _listeners) as found:
                seen = _busy(found, rate, plan.latency_seconds) if rate else _idle(found, plan)
            rows.append((database, load, *seen.cells()))
            figures += [_figure(database, load, name, seen, limit) for name, limit in limits.items()]
    return Findings(
        title="Latency: from the call that publishes to the arrival at healthy receivers",
        notes=(
            f"1 event = 1 delivery; {plan.latency_seconds:.0f} s a rate, {PUBLISHERS} publishing threads;",
            f"connections to the others are open; {HANGING} answer nothing within the timeout of 15 s;",
            f"idle: an event each {PAUSE_SECONDS} s;",
            f"too late: not there {PATIENCE_SECONDS:.0f} s after the last event was published",
        ),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


class Seen:
    """The latencies of one load, in milliseconds."""

    def __init__(self, latencies: Iterable[float], *, events: int, seconds: float) -> None:
        self._latencies = [each * 1000 for each in latencies]
        self._events = events
        self._seconds = seconds

    def at(self, name: str) -> float:
        """The percentile with this name."""
        return percentile(self._latencies, {"p50": 0.5, "p99": 0.99, "max": 1.0}[name])

    def cells(self) -> tuple[str, ...]:
        """As the table shows them."""
        rate = self._events / self._seconds
        times = (f"{self.at(name):.1f}" for name in ("p50", "p99", "max"))
        late = sum(each >= PATIENCE_SECONDS * 1000 for each in self._latencies)
        return (str(self._events), str(late), f"{self._seconds:.1f}", f"{rate:.1f}", *times)


def _listeners(place: Place) -> Iterable[Wanted]:
    for number in range(LISTENERS):
        path = "hang" if _hangs(number) else f"seen/{number}"
        url = place.url(number).replace("hook", path)
        yield Wanted(url=url, filter=Filter({"group": number}))


def _hangs(listener: int) -> bool:
    return listener % (LISTENERS // HANGING) == LISTENERS // HANGING - 1


def _idle(found: Scene, plan: Plan) -> Seen:
    _warm_up(found, [0] * 5)
    began = time.monotonic()
    numbers = range(max(10, round(plan.latency_seconds / 2 / PAUSE_SECONDS)))
    sent: dict[int, float] = {}
    for number in numbers:
        sent[number] = found.publish(number, group=0)
        # Not in step with anything that looks around at fixed times.
        time.sleep(PAUSE_SECONDS * (0.75 + 0.5 * (number * 0.618 % 1)))
    seconds = time.monotonic() - began
    arrived = _arrived(found, set(sent))
    return Seen((arrived[number] - sent[number] for number in numbers), events=len(sent), seconds=seconds)


def _warm_up(found: Scene, listeners: Sequence[int]) -> None:
    """So that connections are open and modules are imported. Of those that hang nothing is known before."""
    for number, listener in enumerate(listeners):
        found.publish(number, group=listener)
    _arrived(found, set(range(len(listeners))))


def _busy(found: Scene, rate: int, seconds: float) -> Seen:
    _warm_up(found, [listener for listener in range(LISTENERS) if not _hangs(listener)])
    events = round(rate * seconds)
    began = time.monotonic()

    def publish(number: int) -> float:
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        return found.publish(number, group=_listener_of(number))

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        sent = dict(enumerate(pool.map(publish, range(events))))
    took = time.monotonic() - began
    healthy = {number for number in sent if not _hangs(_listener_of(number))}
    arrived = _arrived(found, healthy)
    return Seen((arrived[number] - sent[number] for number in healthy), events=events, seconds=took)


def _listener_of(number: int) -> int:
    return number * 7919 % LISTENERS  # a prime, so that neighbours differ


def _arrived(found: Scene, numbers: set[int]) -> dict[int, float]:
    """When each of these first arrived; what is still to come counts as arriving when we wait no longer."""
    moments: dict[int, float] = {}
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not numbers <= moments.keys() and time.monotonic() < give_up_at:
        time.sleep(0.1)
        for arrival in found.arrivals():
            moments.setdefault(arrival.number, arrival.at)
    return {number: moments.get(number, give_up_at) for number in numbers}


def _figure(database: str, load: str, name: str, seen: Seen, limit: float) -> Figure:
    return Figure(f"latency {name} ({database}, {load})", seen.at(name), "ms", target=limit, at_most=True)
