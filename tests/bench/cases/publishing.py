"""What does it cost to publish, against one `enqueue` for each event?

One INSERT in the caller's transaction and one round trip to Redis, or three where the doorbell does not ring yet.
No worker runs, so that a doorbell that rings goes on ringing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

from rq import Queue as RedisQueue
from sqlalchemy.orm import Session

from tests.bench.cases import Plan
from tests.bench.counted import Asked, counted_client, counting
from tests.bench.figures import Figure, Findings
from tests.bench.ground import BODY_BYTES, Ground, payload
from tests.bench.ours import Ours
from tests.bench.progress import progress
from webhooks_app.application import bind
from webhooks_app.engine import intake
from webhooks_app.engine.publish import EVENTS, event_row
from webhooks_app.registry import Occurrence
from webhooks_app.runtime.rq_queue import KICK, RqQueue

EVENTS_IN_ONE = 1000
COLUMNS = ("database", "way", "events", "INSERTs", "Redis round trips", "CPU ms each")
WAYS = ("first event", "next event", "one transaction", "a batch", "one enqueue each")


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure on every database of the plan."""
    rows: list[tuple[str, ...]] = []
    figures: list[Figure] = []
    databases = plan.databases(ground)
    for place, database in enumerate(databases):
        progress(f"{database}, {EVENTS_IN_ONE} events in each way", part=place / len(databases))
        found = [_Publishing.on(ground, database) for _ in range(plan.rounds)]
        for way in WAYS:
            asked = found[0].asked[way]
            count = str(1 if way.endswith(" event") else EVENTS_IN_ONE)
            cost = median(each.cpu_ms[way] for each in found)
            rows.append((database, way, count, str(asked.inserts), str(asked.round_trips), f"{cost:.3f}"))
        figures += _figures(database, found)
    return Findings(
        title="Publishing: what the caller pays for",
        notes=(
            f"body {BODY_BYTES} bytes; one enqueue each: a row and a commit, and a job of RQ's for each event",
        ),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


class _Publishing:
    """One round of all ways."""

    def __init__(self, ours: Ours, redis_url: str) -> None:
        self._redis = counted_client(redis_url)
        self._engine = replace(ours.engine, queue=RqQueue(self._redis))
        bind(self._engine)
        self._ours = ours
        self._jobs = RedisQueue("naive", connection=self._redis)
        self.asked: dict[str, Asked] = {}
        self.cpu_ms: dict[str, float] = {}

    @classmethod
    def on(cls, ground: Ground, database: str) -> _Publishing:
        """Measure all ways on a fresh database."""
        with ground.place(database) as place:
            ours = Ours(place)
            try:
                ours.make(())
                made = cls(ours, place.redis_url)
                made.measure()
            finally:
                ours.sa_engine.dispose()
        return made

    def measure(self) -> None:
        """Each way once; the first event twice, so that what is made once is made."""
        self._one()
        self._redis.delete(KICK)
        for way, publish in zip(
            WAYS, (self._one, self._one, self._in_one, self._batch, self._each), strict=True
        ):
            self._count(way, publish)

    def _count(self, way: str, publish: Callable[[], int]) -> None:
        with counting(self._ours.sa_engine, self._redis) as asked:
            began = time.thread_time()
            events = publish()
            self.cpu_ms[way] = (time.thread_time() - began) * 1000 / events
        self.asked[way] = asked

    def _one(self) -> int:
        with Session(self._ours.sa_engine) as session, session.begin():
            session.connection()
            self._ours.hook.send(sender=None, session=session, **payload(0))
        return 1

    def _in_one(self) -> int:
        with Session(self._ours.sa_engine) as session, session.begin():
            session.connection()
            for number in range(EVENTS_IN_ONE):
                self._ours.hook.send(sender=None, session=session, **payload(number))
        return EVENTS_IN_ONE

    def _batch(self) -> int:
        payloads = [payload(number) for number in range(EVENTS_IN_ONE)]
        intake.publish_many(self._engine, self._ours.hook.name, payloads, sender="bench")
        return EVENTS_IN_ONE

    def _each(self) -> int:
        for number in range(EVENTS_IN_ONE):
            row = event_row(self._engine, Occurrence(self._ours.hook, payload(number), ""))
            with Session(self._ours.sa_engine) as session, session.begin():
                session.connection().execute(EVENTS, row)
            self._jobs.enqueue("tests.bench.baseline.deliver", row["id"], result_ttl=0)
        return EVENTS_IN_ONE


def _figures(database: str, found: list[_Publishing]) -> list[Figure]:
    asked = found[0].asked
    each = median(one.cpu_ms["one enqueue each"] for one in found)

    def compared(way: str) -> Figure:
        cost = median(one.cpu_ms[way] for one in found)
        name = f"CPU to publish an event ({database}, {way} of {EVENTS_IN_ONE}, against one enqueue each)"
        return Figure(name, cost, "ms", baseline=each, ratio=each / cost)

    def counted(name: str, value: int, most: int) -> Figure:
        return Figure(f"{name} ({database})", value, "", target=most, at_most=True)

    return [
        counted("INSERTs for an event", asked["next event"].inserts, 1),
        counted("Redis round trips while the doorbell rings", asked["next event"].round_trips, 1),
        counted("Redis round trips when it begins to ring", asked["first event"].round_trips, 3),
        counted(
            f"Redis round trips for {EVENTS_IN_ONE} events in a transaction",
            asked["one transaction"].round_trips,
            1,
        ),
        counted(f"INSERTs for a batch of {EVENTS_IN_ONE}", asked["a batch"].inserts, 1),
        compared("one transaction"),
        compared("a batch"),
    ]
