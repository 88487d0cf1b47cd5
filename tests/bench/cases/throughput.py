"""How many deliveries a second, and at how much CPU each, against one RQ job for each delivery?

One worker process on every side; ours has beside it what `webhooks up` runs, and that counts. Each event is
published in a transaction of its own, to 10 of 50 listeners on 50 hosts; each outcome is recorded durably. Beside
that: how near the worker comes to a loop that only sends, and what a second worker adds.
"""

from __future__ import annotations

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import BODY_BYTES, FAN_OUT, LISTENERS, Ground
from tests.bench.loop import sends_per_second
from tests.bench.race import FORKING, OURS, SIMPLE, TWO_WORKERS, Middle, Side, interleaved

SIDES = (FORKING, SIMPLE, OURS, TWO_WORKERS)
TARGETS = {FORKING.name: 100.0, SIMPLE.name: 15.0}  # times the deliveries a second
OF_THE_LOOP = 0.75
OF_ONE_WORKER = 1.5
COLUMNS = ("database", "side", "deliveries", "seconds", "per second", "CPU ms each", "Redis CPU ms each")


def run(ground: Ground, plan: Plan, *, sides: tuple[Side, ...] = SIDES) -> Findings:
    """Measure every side on every database that was found."""
    rows: list[tuple[str, ...]] = []
    figures: list[Figure] = []
    for database in ground.databases:
        loop = _loop(ground, plan, database)
        runs = interleaved(ground, sides, database=database, rounds=plan.rounds, seconds=plan.seconds)
        loop = (loop + _loop(ground, plan, database)) / 2  # before and after, for a machine is seldom quiet
        middles = {side: Middle.of(runs[side.name]) for side in sides}
        rows += [_row(database, side, middle) for side, middle in middles.items()]
        rows.append((database, "a loop that only sends, 1 thread", "", "", f"{loop:.0f}", "", ""))
        ours = middles.pop(OURS)
        two = middles.pop(TWO_WORKERS, None)
        for side, theirs in middles.items():
            figures += _compared(database, side, ours, theirs)
        figures.append(_ratio(f"{database}, against a loop that only sends", ours.rate, loop, OF_THE_LOOP))
        if two is not None:
            figures.append(_ratio(f"{database}, 2 workers against one", two.rate, ours.rate, OF_ONE_WORKER))
    return Findings(
        title="Throughput: one worker process, from publishing to the last recorded outcome",
        notes=(
            f"1 event, in a transaction of its own = {FAN_OUT} deliveries, body {BODY_BYTES} bytes;",
            f"{LISTENERS} listeners on {LISTENERS} hosts, medians of {plan.rounds} interleaved rounds;",
            "CPU of the publisher and the worker with its children; of ours also clock and worker for slow listeners",
        ),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


def _loop(ground: Ground, plan: Plan, database: str) -> float:
    with ground.place(database) as place:
        return sends_per_second(place, seconds=plan.seconds / 2)


def _ratio(of: str, value: float, baseline: float, target: float) -> Figure:
    name = f"deliveries per second ({of})"
    return Figure(name, value, "1/s", baseline=baseline, ratio=value / baseline, target=target)


def _row(database: str, side: Side, middle: Middle) -> tuple[str, ...]:
    return (
        database,
        side.label,
        str(middle.deliveries),
        f"{middle.seconds:.2f}",
        f"{middle.rate:.0f}",
        f"{middle.cpu_ms:.3f}",
        f"{middle.redis_cpu_ms:.3f}",
    )


def _compared(database: str, side: Side, ours: Middle, theirs: Middle) -> list[Figure]:
    against = f"{database}, against {side.name}"
    return [
        Figure(
            f"deliveries per second ({against})", ours.rate, "1/s",
            baseline=theirs.rate, ratio=ours.rate / theirs.rate, target=TARGETS[side.name],
        ),
        Figure(
            f"CPU per delivery ({against})", ours.cpu_ms, "ms",
            baseline=theirs.cpu_ms, ratio=theirs.cpu_ms / ours.cpu_ms,
        ),
    ]  # fmt: skip
