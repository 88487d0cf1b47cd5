"""Does each condition let SQLite use its small index, where values that are bound later would not?"""

import pytest
import sqlalchemy as sa

from webhooks_app.engine import listeners, retention
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.probe import let_one_go
from webhooks_app.engine.sweep import sweep
from webhooks_app.storage.models import WAITING, Delivery
from webhooks_app.storage.queries import deliveries
from webhooks_app.storage.queries import listeners as listener_queries
from webhooks_app.storage.queries.deliveries import DeliveryFilter
from webhooks_app.storage.queries.indexed import ENDED_BADLY, IS_SENDING, IS_UNSENT, IS_WAITING


@pytest.fixture
def plans(engine):
    """SQLite's plans of the statements about deliveries that are executed from here on, one line each."""
    found = []

    @sa.event.listens_for(engine.sessions.kw["bind"], "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        if statement.startswith(("SELECT", "UPDATE", "WITH")) and "webhooks_deliveries" in statement:
            asked = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in asked.fetchall()]
            found.append("; ".join(step for step in steps if "webhooks_deliveries" in step))

    return found


@pytest.mark.parametrize(
    "condition, index",
    [
        (IS_WAITING, "due"),
        (IS_SENDING, "lease"),
        (ENDED_BADLY, "ended_badly"),
        (sa.and_(IS_UNSENT, Delivery.listener_id == "a"), "unsent"),
    ],
)
def test_a_condition_goes_along_its_index(engine, plans, condition, index):
    with engine.sessions() as session:
        session.execute(sa.select(Delivery.id).where(condition))

    assert f"ix_webhooks_deliveries_{index}" in plans[-1]


def test_bound_values_would_read_the_whole_table(engine, plans):
    with engine.sessions() as session:
        session.execute(sa.select(Delivery.id).where(Delivery.status.in_(WAITING)))

    assert plans[-1] == "SCAN webhooks_deliveries"


@pytest.mark.parametrize(
    "wanted, index",
    [
        ({"status": ("failed",)}, "ended_badly (status=?"),
        ({"status": ("held",)}, "ended_badly (status=?"),
        ({"status": ("failed", "cancelled")}, "ended_badly (status=?"),
        ({"hook": "person"}, "hook (hook=?"),
        ({"listener_id": "a"}, "listener (listener_id=?"),
    ],
)
def test_the_log_goes_along_an_index(engine, plans, wanted, index):
    with engine.sessions() as session:
        deliveries.newest(session, DeliveryFilter(**wanted))
        deliveries.count_up_to(session, DeliveryFilter(**wanted))

    assert [f"ix_webhooks_deliveries_{index}" in plan for plan in plans] == [True, True]


@pytest.mark.parametrize(
    "statuses, index",
    [
        (("sending",), "lease"),
        (("retrying",), "due"),
        (("pending", "retrying"), "due"),
    ],
)
def test_what_is_on_its_way_is_counted_along_its_index(engine, plans, statuses, index):
    with engine.sessions() as session:
        deliveries.count_up_to(session, DeliveryFilter(status=statuses))

    assert f"ix_webhooks_deliveries_{index}" in plans[-1]


@pytest.mark.parametrize("act", [listeners.pause, listeners.resume, listeners.delete])
def test_what_happens_to_a_listener_reads_only_what_is_unsent(engine, make_listener, plans, act):
    listener = make_listener()

    act(engine, listener.id, by=CODE)

    assert ["ix_webhooks_deliveries_unsent (listener_id=?" in plan for plan in plans] == [True]
    assert not [plan for plan in plans if "SCAN webhooks" in plan or "deliveries_listener " in plan]


def test_the_probe_is_found_among_what_is_unsent(engine, make_listener, clock, plans):
    listener = make_listener()

    with engine.sessions() as session:
        let_one_go(session, listener.id, now=clock())

    assert "ix_webhooks_deliveries_unsent (listener_id=? AND status=?)" in plans[0]


def test_when_a_listener_is_next_sent_to_is_read_from_what_is_unsent(engine, make_listener, clock, plans):
    ids = [make_listener().id for _ in range(3)]

    with engine.sessions() as session:
        listener_queries.health(session, ids, clock())

    assert "ix_webhooks_deliveries_unsent (listener_id=?" in plans[-1]


def test_what_the_slow_queue_lost_is_sought_among_what_is_slow(engine):
    """However much waits among the quick ones, this is asked every second."""
    plans = []

    @sa.event.listens_for(engine.readings.kw["bind"], "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        asked = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.append("; ".join(row[3] for row in asked.fetchall()))

    sweep(engine)

    assert plans[-1] == "SEARCH webhooks_deliveries USING INDEX ix_webhooks_deliveries_slow (queued_at<?)"


def test_what_is_old_is_found_along_indexes(engine):
    steps = []

    @sa.event.listens_for(engine.readings.kw["bind"], "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        asked = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps.extend(row[3] for row in asked.fetchall() if row[3].startswith(("SCAN", "SEARCH")))

    retention.would_prune(engine)

    assert [step.removeprefix("SEARCH webhooks_").split(" USING INDEX ")[-1] for step in steps] == [
        "ix_webhooks_deliveries_newest (created_at<?)",
        "ix_webhooks_events_newest (created_at<?)",
        "sqlite_autoindex_webhooks_deliveries_2 (event_id=?)",
        "ix_webhooks_attempts_kept (started_at<?)",
        "sqlite_autoindex_webhooks_deliveries_1 (id=?)",
    ]
