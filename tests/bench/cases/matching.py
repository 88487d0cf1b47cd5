"""What does it cost to find who wants an event, if very many listen, against loading and asking all of them?

Of a hook's listeners 60 in 100 ask `is`, 20 `startswith`, 10 `contains` and 10 `like`; ten want the event. It is
measured what dispatch does between claiming events and writing their deliveries; everything is in memory, as
it is soon when a hook is used.
"""

from __future__ import annotations

import json
import random
import string
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.bench.cases import Plan
from tests.bench.figures import Figure, Findings
from tests.bench.ground import Ground
from tests.bench.progress import progress
from webhooks_app.access_key import stored_key
from webhooks_app.engine.candidates import choose
from webhooks_app.engine.seeking import of_events
from webhooks_app.match import Filter
from webhooks_app.storage.database import make_engine, sessions_for
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Base, Listener
from webhooks_app.storage.types import EPOCH

FEW_LISTENERS = 1_000
HOW_MUCH_MORE = 2.0  # may an event cost, with all the listeners instead of a few
MOST_MS = 5.0
TIMES_LESS = 300.0  # than loading and asking 100,000
ALONE, TOGETHER = 100, 500  # events of a round that are looked up one by one, and at once
COLUMNS = ("database", "listeners", "how", "ms an event")
PAYLOAD = {
    "sku": "7fq2k9xw",
    "name": "Wilhelmina",
    "address": "17 Lindenhof Street, Amsterdam",
    "note": "x" * 900,
}
WANTING = (
    *[{"sku": {"is": "7fq2k9xw"}}] * 6,
    *[{"name": {"startswith": "Wil"}}] * 2,
    {"address": {"contains": "Lindenhof"}},
    {"address": {"like": "^[0-9]+ Lindenhof"}},
)
_EVENT = SimpleNamespace(id="event", hook="bench", body=json.dumps(PAYLOAD), changes=None)


@dataclass
class _Times:
    """Milliseconds an event, a number each round."""

    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    asking_all: list[float] = field(default_factory=list)


def run(ground: Ground, plan: Plan) -> Findings:
    """Measure with few and with all listeners on every database that was found."""
    rows: list[tuple[str, ...]] = []
    figures: list[Figure] = []
    filters = [(conditions, stored_key(conditions)) for conditions in _filters(plan.listeners)]
    for database in plan.databases(ground):
        few, many = _measured(ground, database, filters, plan.rounds)
        rows += [*_rows(database, FEW_LISTENERS, few), *_rows(database, plan.listeners, many)]
        figures += _figures(database, plan.listeners, few, many)
    return Findings(
        title="Matching: one event, many listeners of one hook",
        notes=(
            f"{len(WANTING)} listeners want the event; payload about 1 KB; medians of {plan.rounds} interleaved rounds",
            f"one by one: {ALONE} events, a look-up each; at once: {TOGETHER} events, as dispatch claims them",
            "loading and asking all is measured once",
        ),
        columns=COLUMNS,
        rows=rows,
        figures=figures,
    )


def _measured(
    ground: Ground, database: str, filters: list[tuple[dict[str, Any], str]], rounds: int
) -> tuple[_Times, _Times]:
    few, many = _Times(), _Times()
    with ground.place(database) as few_place, ground.place(database) as many_place:
        engines = [make_engine(place.database_url) for place in (few_place, many_place)]
        try:
            for engine, count in zip(engines, (FEW_LISTENERS, len(filters)), strict=True):
                _add_listeners(engine, filters[:count])
            for number in range(1, rounds + 1):
                with sessions_for(engines[0])() as of_few, sessions_for(engines[1])() as of_many:
                    _time_a_round([(of_few, few), (of_many, many)])
                progress(f"{database}, round {number} of {rounds}: {many.alone[-1]:.2f} ms an event")
        finally:
            for engine in engines:
                engine.dispose()
    return few, many


def _time_a_round(sides: Sequence[tuple[Session, _Times]]) -> None:
    # By turns, so that what else the machine does meets both alike.
    alone = [[_milliseconds(partial(_found, session, 1)) for session, _ in sides] for _ in range(ALONE)]
    for (session, times), milliseconds in zip(sides, zip(*alone, strict=True), strict=True):
        times.alone.append(median(milliseconds))
        times.together.append(_milliseconds(partial(_found, session, TOGETHER)) / TOGETHER)
        if not times.asking_all:  # once is enough of what takes hundreds of times as long
            times.asking_all.append(_milliseconds(partial(_compare, session)))


def _compare(session: Session) -> None:
    """Ask all, and see that nobody else was found."""
    asked = _asked_all(session)
    assert len(asked) == len(WANTING)
    assert set(asked) == set(_found(session, 1))


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _found(session: Session, events: int) -> list[str]:
    """As dispatch does it."""
    found = []
    for event, candidates in of_events(session, [_EVENT] * events):
        found += [one.listener_id for one in choose(candidates, json.loads(event.body), event.changes)]
    return found


def _asked_all(session: Session) -> list[str]:
    """The plain way: every listener of the hook by the ORM, and every filter."""
    payload = json.loads(_EVENT.body)
    query = sa.select(Listener).where(Listener.hook == _EVENT.hook, Listener.deleted_at.is_(None))
    listeners = session.scalars(query)
    return [one.id for one in listeners if Filter.from_json(one.filter).accepts(payload, _EVENT.changes)]


def _filters(count: int) -> Iterator[dict[str, Any]]:
    """Those that want the event, and then so many that do not."""
    dice = random.Random(count)
    yield from WANTING
    for number in range(count - len(WANTING)):
        part = number % 10
        if part < 6:
            yield {"sku": {"is": _word(dice, 8)}}
        elif part < 8:
            yield {"name": {"startswith": _word(dice, 5)}}
        else:
            yield {
                "address": {"contains": _word(dice, 8)}
                if part == 8
                else {"like": f"{_word(dice, 8)}.*[0-9]$"}
            }


def _word(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(string.ascii_lowercase, k=length))


def _add_listeners(engine: sa.Engine, filters: list[tuple[dict[str, Any], str]]) -> None:
    Base.metadata.create_all(engine)
    same = {"hook": _EVENT.hook, "url": "http://127.0.0.1/hook", "name": "a listener", "config": {}}
    moments = {"state_since": EPOCH, "created_at": EPOCH, "updated_at": EPOCH}
    rows = [
        {**same, **moments, "id": new_id(), "filter": conditions, "access_key": key}
        for conditions, key in filters
    ]
    with sessions_for(engine).begin() as session:
        session.execute(sa.insert(cast("sa.Table", Listener.__table__)), rows)


def _rows(database: str, listeners: int, times: _Times) -> list[tuple[str, ...]]:
    measured = {
        "looked up, one by one": times.alone,
        "looked up, at once": times.together,
        "all loaded by the ORM and asked": times.asking_all,
    }
    return [(database, str(listeners), how, f"{median(each):.3f}") for how, each in measured.items()]


def _figures(database: str, listeners: int, few: _Times, many: _Times) -> list[Figure]:
    ms, ms_of_few, ms_of_all = median(many.alone), median(few.alone), median(many.asking_all)
    return [
        Figure(
            f"an event with {listeners} listeners ({database}, against {FEW_LISTENERS})", ms, "ms",
            baseline=ms_of_few, ratio=ms_of_few / ms, target=1 / HOW_MUCH_MORE,
        ),
        Figure(
            f"an event with {listeners} listeners ({database}, at most)", ms, "ms", target=MOST_MS, at_most=True
        ),
        Figure(
            f"an event with {listeners} listeners ({database}, against asking all)", ms, "ms",
            baseline=ms_of_all, ratio=ms_of_all / ms, target=TIMES_LESS * listeners / 100_000,
        ),
    ]  # fmt: skip
