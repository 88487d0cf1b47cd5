"""Does everything that happens all the time find its rows along an index, however many are stored?

Every statement about events, deliveries and attempts on the way from publishing to recording, of the sweep and of
the log's first page is explained by the database itself. PostgreSQL is told to avoid reading whole tables, as it
would by itself once they are large; what still reads one has no index to go along. Where it has one and may leave it
all the same, it is asked without being told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_event, make_listener
from webhooks_app import Hook
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.publish import publish
from webhooks_app.engine.sweep import sweep
from webhooks_app.registry import Occurrence
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Delivery
from webhooks_app.storage.queries import deliveries as queries

LARGE = ("events", "deliveries", "attempts")
_NAMES = re.compile(rf"webhooks_({'|'.join(LARGE)})\b")
_EXPLAINED = ("SELECT", "UPDATE", "DELETE", "WITH")


@pytest.fixture
def whole_reads(any_engine) -> Iterator[list[str]]:
    """The steps of plans that read a large table as a whole, with their statements."""
    with _watched(any_engine, avoids=True) as found:
        yield found


@pytest.fixture
def chosen_reads(any_engine) -> Iterator[list[str]]:
    """The same, where PostgreSQL chooses by itself."""
    with _watched(any_engine, avoids=False) as found:
        yield found


@contextmanager
def _watched(engine, *, avoids: bool) -> Iterator[list[str]]:
    found: list[str] = []
    on_sqlite = engine.sessions.kw["bind"].dialect.name == "sqlite"

    def explain(_connection, cursor, statement, parameters, _context, many):
        if not statement.lstrip().startswith(_EXPLAINED) or not _NAMES.search(statement):
            return
        given = parameters[0] if many else parameters
        if on_sqlite:
            steps = _of_sqlite(cursor, statement, given)
        else:
            steps = _of_postgresql(cursor, statement, given, avoids=avoids)
        found.extend(f"{step} IN {statement}" for step in steps)

    binds = [engine.sessions.kw["bind"], engine.readings.kw["bind"]]
    for bind in binds:
        sa.event.listen(bind, "before_cursor_execute", explain)
    yield found
    for bind in binds:
        sa.event.remove(bind, "before_cursor_execute", explain)


def _of_sqlite(cursor, statement, given) -> list[str]:
    rows = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
    return [
        row[3]
        for row in rows
        if row[3].startswith("SCAN") and _NAMES.search(row[3]) and "INDEX" not in row[3]
    ]


def _of_postgresql(cursor, statement, given, *, avoids: bool) -> list[str]:
    asked = cursor.connection.cursor()
    if avoids:
        asked.execute("SET LOCAL enable_seqscan = off")
    asked.execute(f"EXPLAIN (FORMAT JSON) {statement}", given)
    [plan] = asked.fetchone()
    return list(_seq_scans(plan if isinstance(plan, list) else json.loads(plan)))


def _seq_scans(plans) -> Iterator[str]:
    for plan in plans:
        node = plan.get("Plan", plan)
        if node.get("Node Type") == "Seq Scan" and _NAMES.search(node["Relation Name"]):
            yield f"Seq Scan on {node['Relation Name']}"
        yield from _seq_scans(node.get("Plans", ()))


def store_replays(engine, count, **columns) -> None:
    """So many deliveries of an event of their own, to one listener."""
    now, event, listener = (
        engine.clock(),
        make_event(engine, dispatched_at=engine.clock()),
        make_listener(engine),
    )
    same = {
        "event_id": event.id,
        "listener_id": listener.id,
        "hook": event.hook,
        "due_at": now,
        "created_at": now,
    }
    rows = [{"id": new_id(), "replay_no": number, **same, **columns} for number in range(count)]
    with engine.sessions.begin() as session:
        session.execute(sa.insert(Delivery), rows)


def test_from_publishing_to_recording_no_large_table_is_read_as_a_whole(any_engine, transport, whole_reads):
    make_listener(any_engine)
    make_listener(any_engine, rate_limit_per_second=5)
    transport.will_answer(500)
    publish(any_engine, Occurrence(Hook(name="person"), {"name": "Joe"}, ""))
    dispatch(any_engine)

    with any_engine.sessions() as session:
        ids = list(session.scalars(sa.select(Delivery.id)))
    whole_reads.clear()  # this test's own question
    deliver_batch(any_engine, ids, patience=ENDLESS)

    assert len(ids) == 2
    assert whole_reads == []


def test_the_sweep_reads_no_large_table_as_a_whole(any_engine, clock, queue, whole_reads):
    make_delivery(any_engine)
    make_delivery(any_engine, status="sending")
    queue.is_wiped = True
    clock.tick(600)

    swept = sweep(any_engine)

    assert (swept.queued, swept.rescued) == (2, 1)
    assert whole_reads == []


def test_the_sweep_keeps_to_its_index_when_much_waits_and_all_of_it_is_queued(
    any_engine, clock, chosen_reads
):
    store_replays(any_engine, 1_500, status="delivered", finished_at=clock())
    store_replays(any_engine, 1_500, status="pending", queued_at=clock())
    with any_engine.sessions.begin() as session:
        session.execute(sa.text("ANALYZE"))

    swept = sweep(any_engine)

    assert swept.queued == 0
    assert [read for read in chosen_reads if "webhooks_deliveries" in read] == []  # there is but one event


def test_the_logs_first_page_reads_no_large_table_as_a_whole(any_engine, whole_reads):
    make_delivery(any_engine)

    with any_engine.readings() as session:
        for wanted in ({}, {"status": ("failed",)}, {"hook": "person"}, {"status": ("pending", "retrying")}):
            queries.newest(session, queries.DeliveryFilter(**wanted))

    assert whole_reads == []


def test_a_statement_without_an_index_would_be_found(any_engine, whole_reads):
    with any_engine.readings() as session:
        session.execute(sa.select(Delivery.id).where(Delivery.reason == "x"))

    assert len(whole_reads) == 1
