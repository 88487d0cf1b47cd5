"""Does anybody wait long while what is old is deleted, and does what is not finished stay?

The deliveries of sixty days: half of them go, the most of the rest lose what was sent and answered, the newest stay
as they are, and so does what is not finished, however old. Beside `prune` another thread writes all the
time what dispatch and recording write: an event, a delivery, its attempt, its end.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground
from tests.bench.progress import progress
from tests.bench.scene import percentile
from tests.bench.stored import HOOK, Columns, Number, Rows, evenly, row_id, store
from tests.build import build_engine
from tests.fakes import FixedClock
from webhooks_app.engine import Engine
from webhooks_app.engine.retention import Pace, Pruned, prune
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Attempt, Delivery, Event, Status

MOST_MS = 100.0
DAYS = 60  # over which the deliveries are spread: the usual settings keep rows for 30 and bodies for 7
UNFINISHED_EACH = 51  # one of so many is not finished; odd, so that it is now one kind and now the other
BODY_BYTES, MOST_BODY_BYTES = 2_000, 65_536  # of an answer
RUN = 500  # deliveries, and of each ten such runs one got answers that are as large as they are kept
ALONE_SECONDS = 1.0  # the writer's own pace, to compare with
BETWEEN_SECONDS = 0.005  # two writes
COLUMNS = ("database", "deleted", "seconds", "transactions", "writes", "alone p99", "p50", "p99", "at most")


class _WatchedPace(Pace):
    """Keeps how long each transaction took, from before its BEGIN until after its COMMIT."""

    def __init__(self) -> None:
        super().__init__()
        self.milliseconds: list[float] = []

    def took(self, seconds: float) -> None:
        self.milliseconds.append(seconds * 1000)
        super().took(seconds)


@dataclass(slots=True)
class _Writer:
    """Whoever writes beside it, with a connection of its own; milliseconds of each transaction."""

    engine: Engine
    milliseconds: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Write until it is told to stop, and once at least."""
        is_over = False
        while not is_over:
            began = time.perf_counter()
            self._write()
            self.milliseconds.append((time.perf_counter() - began) * 1000)
            is_over = self.stop.wait(BETWEEN_SECONDS)

    def _write(self) -> None:
        now, event_id, delivery_id = self.engine.clock(), new_id(), new_id()
        moments = {"created_at": now, "due_at": now}
        with self.engine.sessions.begin() as session:
            session.execute(
                sa.insert(Event).values(id=event_id, hook=HOOK, body="{}", created_at=now, dispatched_at=now)
            )
            session.execute(
                sa.insert(Delivery).values(
                    id=delivery_id, event_id=event_id, listener_id=row_id(0), hook=HOOK, **moments
                )
            )
            session.execute(
                sa.insert(Attempt).values(id=new_id(), delivery_id=delivery_id, number=1, started_at=now)
            )
            session.execute(
                sa.update(Delivery)
                .where(Delivery.id == delivery_id)
                .values(status=Status.DELIVERED, finished_at=now)
            )


def run(ground: Ground, plan: Plan) -> Findings:
    """Prune on every database that was found."""
    rows: list[Sequence[str]] = []
    figures: list[Figure] = []
    for database in plan.databases(ground):
        row, found = _measured(ground, database, plan.old)
        rows.append(row)
        figures += found
    return Findings(
        title="Retention: who writes while what is old is deleted",
        notes=(
            f"{plan.old} deliveries over {DAYS} days, each with an attempt and its answer of {BODY_BYTES} bytes;",
            f"a tenth, in runs of {RUN}, was answered with {MOST_BODY_BYTES} bytes",
            "milliseconds of a small transaction beside it, alone and then during it",
        ),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


def _measured(ground: Ground, database: str, count: int) -> tuple[Sequence[str], Sequence[Figure]]:
    with ground.place(database) as place, _engine(place.database_url, place.folder) as engine:
        store(engine, _rows(engine, count))
        unfinished = _unfinished(engine)
        pace = _WatchedPace()
        with _engine(place.database_url, place.folder) as another:
            with _writing(another) as alone:
                time.sleep(ALONE_SECONDS)
            with _writing(another) as beside:
                began = time.monotonic()
                pruned = prune(engine, pace=pace)
                seconds = time.monotonic() - began
        assert _unfinished(engine) == unfinished, "something was deleted that is not finished"
    progress(f"{database}: {pruned} in {seconds:.1f} s")
    return _row(database, pruned, seconds, pace, alone, beside), _figures(database, pace, beside)


@contextmanager
def _engine(url: str, folder: str) -> Iterator[Engine]:
    with build_engine(url, folder=Path(folder), clock=FixedClock()) as engine:
        yield engine


@contextmanager
def _writing(engine: Engine) -> Iterator[list[float]]:
    """Somebody writes; gives how long each time took, once it is over."""
    writer = _Writer(engine)
    thread = threading.Thread(target=writer.work, name="bench-writer")
    thread.start()
    try:
        yield writer.milliseconds
    finally:
        writer.stop.set()
        thread.join()


def _unfinished(engine: Engine) -> int:
    query = sa.select(sa.func.count()).where(Delivery.finished_at.is_(None))
    with engine.readings() as session:
        return session.scalar(query) or 0


def _row(
    database: str, pruned: Pruned, seconds: float, pace: _WatchedPace, alone: list[float], beside: list[float]
) -> Sequence[str]:
    return (
        database,
        f"{pruned.deliveries} deliveries, {pruned.events} events, {pruned.bodies} bodies",
        f"{seconds:.1f}",
        str(len(pace.milliseconds)),
        str(len(beside)),
        f"{percentile(alone, 0.99):.1f}",
        f"{percentile(beside, 0.5):.1f}",
        f"{percentile(beside, 0.99):.1f}",
        f"{max(beside):.1f}",
    )


def _figures(database: str, pace: _WatchedPace, beside: list[float]) -> Sequence[Figure]:
    return [
        Figure(f"longest wait beside it ({database})", max(beside), "ms", target=MOST_MS, at_most=True),
        Figure(
            f"its longest transaction ({database})",
            max(pace.milliseconds),
            "ms",
            target=MOST_MS,
            at_most=True,
        ),
    ]


def _rows(engine: Engine, count: int) -> Rows:
    made_ms = evenly(
        engine.clock(), count, apart_ms=int(timedelta(days=DAYS).total_seconds() * 1000) // count
    )

    def delivery(number: Number) -> Columns:
        is_unfinished = _is_unfinished(number)
        return {
            "status": sa.case(
                (is_unfinished & (number % 2 == 0), Status.HELD),
                (is_unfinished, Status.RETRYING),
                (number % 11 == 0, Status.FAILED),
                else_=Status.DELIVERED,
            ),
            "due_at": made_ms(number),
            "attempt_count": sa.literal(1),
            "finished_at": sa.case((~is_unfinished, made_ms(number))),
        }

    return Rows(
        count=count,
        made_ms=made_ms,
        delivery=delivery,
        is_attempted=lambda number: number >= 0,
        attempt=_attempt,
    )


def _attempt(number: Number) -> Columns:
    # Random, so that PostgreSQL keeps as many bytes as there are.
    body = random.Random(1).randbytes(MOST_BODY_BYTES)
    return {
        "status_code": sa.literal(200),
        "request_headers": sa.literal('[["content-type","application/json"]]'),
        "response_headers": sa.literal('[["content-type","text/plain"]]'),
        "response_body": sa.case((number // RUN % 10 == 3, body), else_=body[:BODY_BYTES]),
    }


def _is_unfinished(number: Number) -> sa.ColumnElement[bool]:
    return number % UNFINISHED_EACH == 0
