"""Does what happens all the time cost the same, however many deliveries are stored?

Two databases with as much traffic a day: one holds a day of it, the other many more days. Measured is what the
product asks them again and again: a worker claims a batch, the clock sweeps, somebody looks at the log's first page
and at the dashboard. As much is unfinished in both, because that depends on the traffic and not on the history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground
from tests.bench.progress import progress
from tests.bench.stored import Columns, Number, Rows, evenly, row_id, store
from tests.build import build_engine
from tests.fakes import FakeQueue, FixedClock
from webhooks_app.engine import Engine
from webhooks_app.engine.claim import claim
from webhooks_app.engine.queueing import BATCH, JOBS_IN_QUEUE
from webhooks_app.engine.sweep import sweep
from webhooks_app.storage.models import Status
from webhooks_app.storage.queries import attempts, deliveries, figures, system
from webhooks_app.storage.queries.deliveries import DeliveryFilter
from webhooks_app.storage.queries.last_errors import last_errors
from webhooks_app.storage.types import to_ms
from webhooks_app.web.deliveries import COUNTED_UP_TO, ROWS_A_PAGE
from webhooks_app.web.ranges import USUAL
from webhooks_app.web.tiles import COUNTED_EVENTS

HOW_MUCH_MORE = 1.5  # may it cost, with all of them instead of a day's
DAY_MS = 24 * 60 * 60 * 1000
TURNS = 8  # of a round
SWEEP_MS = 100  # from a sweep to the next: all of them take less time than a lease has
HELD, SENDING = 200, 100
LOGS = {
    "no filter": DeliveryFilter(),
    "what failed": DeliveryFilter(status=(Status.FAILED,)),
    "one listener": DeliveryFilter(listener_id=row_id(3)),
}
MOST_COUNTING_MS = 10.0  # it grows with what is found until it stops

Times = dict[str, list[float]]  # milliseconds, by what was done


class _Side:
    """A database with so many deliveries, and the engine at work on it. A turn claims a batch and queues one."""

    def __init__(
        self, engine: Engine, clock: FixedClock, queue: FakeQueue, *, count: int, turns: int
    ) -> None:
        self.times: Times = {}
        self._engine, self._clock, self._queue = engine, clock, queue
        self._unclaimed = [row_id(number) for number in range(count - turns * BATCH, count)]

    def tasks(self) -> Mapping[str, Callable[[], object]]:
        """What is done each turn."""
        rows = {f"the log, {name}": self._reading(_show, wanted) for name, wanted in LOGS.items()}
        counts = {f"counting, {name}": self._reading(_count, wanted) for name, wanted in LOGS.items()}
        return {
            "claiming a batch": self._claim,
            "a sweep that finds a batch": partial(self._sweep, finds=BATCH),
            "a sweep that finds nothing": partial(self._sweep, finds=0),
            **rows,
            **counts,
            "the dashboard": self._reading(_dashboard, self._clock()),
        }

    def prepare(self) -> None:
        """The next batch of retries is due, and the queue has room for one job."""
        self._clock.tick(SWEEP_MS / 1000)

    def _claim(self) -> None:
        batch, self._unclaimed = self._unclaimed[:BATCH], self._unclaimed[BATCH:]
        assert len(claim(self._engine, batch)) == BATCH

    def _sweep(self, *, finds: int) -> None:
        self._queue.pushed = [[]] * (JOBS_IN_QUEUE - 1)
        assert sweep(self._engine).queued == finds

    def _reading(self, read: Callable[..., object], *given: object) -> Callable[[], object]:
        def reading() -> None:
            with self._engine.readings() as session:
                read(session, *given)

        return reading


def _show(session: Session, wanted: DeliveryFilter) -> None:
    """The rows of the log's first page."""
    page = deliveries.newest(session, wanted, limit=ROWS_A_PAGE)
    assert len(page.rows) == ROWS_A_PAGE
    attempts.last_ones(session, [one.id for one in page.rows])


def _count(session: Session, wanted: DeliveryFilter) -> None:
    """How many there are, as the page says above its rows."""
    assert deliveries.count_up_to(session, wanted, COUNTED_UP_TO) >= ROWS_A_PAGE


def _dashboard(session: Session, now: datetime) -> None:
    """What its page asks when it is opened; while it stays open, what was dear is kept for a while."""
    edges = USUAL.edges(now, UTC)
    figures.per_slot(session, edges)
    figures.events_up_to(session, edges[0], most=COUNTED_EVENTS)
    figures.slowest_share(session, edges[0])
    found = figures.with_retrying(session, figures.failures(session, edges[0]))
    troubled = [one.listener.id for one in figures.troubled(session, found)]
    last_errors(session, found, troubled, edges[0])
    figures.by_state(session)
    figures.was_ever_delivered(session)
    system.backlog(session, now)


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure with a day's deliveries and with all of them, on every database that was found."""
    rows: list[Sequence[str]] = []
    found: list[Figure] = []
    began = time.monotonic()
    for database in plan.databases(ground):
        few, many = _measured(ground, database, plan)
        for what, all_times in many.items():
            ms, ms_of_few = median(all_times), median(few[what])
            rows.append((database, what, f"{ms_of_few:.2f}", f"{ms:.2f}"))
            found.append(_figure(database, what, plan, ms=ms, ms_of_few=ms_of_few))
    return Findings(
        title=f"Growth: {plan.stored} deliveries stored, against {plan.stored_a_day}",
        notes=(
            f"medians of {plan.rounds * TURNS} turns on one database and on the other, which begin by turns",
            f"a batch is {BATCH} deliveries",
            f"the count above the log grows with what is found, and stops at {COUNTED_UP_TO}",
            f"filled and measured in {time.monotonic() - began:.0f} s",
        ),
        columns=("database", "what", f"ms with {plan.stored_a_day}", f"ms with {plan.stored}"),
        rows=rows,
        figures=found,
    )


def _figure(database: str, what: str, plan: Plan, *, ms: float, ms_of_few: float) -> Figure:
    if what.startswith("counting"):
        return Figure(f"{what} ({database}, {plan.stored})", ms, "ms", target=MOST_COUNTING_MS, at_most=True)
    name = f"{what} ({database}, {plan.stored} against {plan.stored_a_day})"
    return Figure(name, ms / ms_of_few, "times", target=HOW_MUCH_MORE, at_most=True)


def _measured(ground: Ground, database: str, plan: Plan) -> tuple[Times, Times]:
    turns = plan.rounds * TURNS
    with ExitStack() as stack:
        sides = [
            stack.enter_context(_side(ground, database, count, a_day=plan.stored_a_day, turns=turns + 1))
            for count in (plan.stored_a_day, plan.stored)
        ]
        _take_turn(sides)  # connections are opened, statements compiled
        for side in sides:
            side.times.clear()
        for number in range(1, turns + 1):
            _take_turn(sides if number % 2 else sides[::-1])
            progress(f"{database}, turn {number} of {turns}", part=number / turns)
        few, many = sides
        return few.times, many.times


def _take_turn(sides: Sequence[_Side]) -> None:
    # By turns, so that what else the machine does meets both alike; who is second finds its caches warm.
    for side in sides:
        side.prepare()
    for what in sides[0].tasks():
        for side in sides:
            task = side.tasks()[what]
            began = time.perf_counter()
            task()
            side.times.setdefault(what, []).append((time.perf_counter() - began) * 1000)


@contextmanager
def _side(ground: Ground, database: str, count: int, *, a_day: int, turns: int) -> Iterator[_Side]:
    clock, queue = FixedClock(), FakeQueue()
    with (
        ground.place(database) as place,
        build_engine(place.database_url, folder=Path(place.folder), clock=clock, queue=queue) as engine,
    ):
        store(engine, _rows(count, clock, a_day=a_day, turns=turns))
        yield _Side(engine, clock, queue, count=count, turns=turns)


def _rows(count: int, clock: FixedClock, *, a_day: int, turns: int) -> Rows:
    """The newest wait in the queue; before them are retries, a batch of which is due at each sweep, and some others."""
    now_ms = to_ms(clock())
    made_ms = evenly(clock(), count, apart_ms=DAY_MS // a_day)
    pending = count - turns * BATCH
    retrying = pending - turns * BATCH
    held = retrying - HELD
    sending = held - SENDING
    assert sending > 0, "there are fewer deliveries than wait"

    def delivery(number: Number) -> Columns:
        is_ended, is_retrying = number < sending, (number >= retrying) & (number < pending)
        is_sending = (number >= sending) & (number < held)
        due_at = now_ms + SWEEP_MS * (1 + (number - retrying) // BATCH)
        return {
            "status": sa.case(
                (number >= pending, Status.PENDING),
                (number >= retrying, Status.RETRYING),
                (number >= held, Status.HELD),
                (number >= sending, Status.SENDING),
                (_is_failed(number), Status.FAILED),
                (number % 103 == 0, Status.CANCELLED),
                else_=Status.DELIVERED,
            ),
            "due_at": sa.case((is_retrying, due_at), else_=made_ms(number)),
            "queued_at": sa.case((number >= pending, now_ms)),
            "lease_token": sa.case((is_sending, row_id(0))),
            "lease_until": sa.case((is_sending, now_ms + 60_000)),
            "attempt_count": sa.case((is_ended | is_retrying, 1), else_=0),
            "last_error_class": sa.case((is_retrying | (is_ended & _is_failed(number)), "http_500")),
            "finished_at": sa.case((is_ended, made_ms(number))),
        }

    return Rows(
        count=count,
        made_ms=made_ms,
        delivery=delivery,
        is_attempted=lambda number: (number < sending) | ((number >= retrying) & (number < pending)),
        attempt=_attempt,
    )


def _attempt(number: Number) -> Columns:
    is_bad = _is_failed(number)
    return {
        "status_code": sa.case((is_bad, 500), else_=200),
        "error_class": sa.case((is_bad, "http_500")),
        "duration_ms": sa.cast(number % 97, sa.Float),
    }


def _is_failed(number: Number) -> sa.ColumnElement[bool]:
    return number % 101 < 2  # a number that spreads them over the listeners
