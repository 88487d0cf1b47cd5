"""Are the dashboard's figures right, and are they counted along indexes?"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_event, make_listener
from webhooks_app.storage.models import Attempt, State, Status
from webhooks_app.storage.queries import figures, system
from webhooks_app.storage.queries.figures import Slot
from webhooks_app.storage.queries.last_errors import last_errors

HOUR = timedelta(hours=1)


@pytest.fixture
def since(clock):
    return clock() - 24 * HOUR


def test_deliveries_are_counted_slot_by_slot_and_status_by_status(any_engine, session, clock):
    edges = [clock() - 2 * HOUR, clock() - HOUR, clock() + HOUR]
    listener = make_listener(any_engine)
    for status in (*Status, Status.DELIVERED):
        make_delivery(any_engine, listener=listener, status=status)
    make_delivery(any_engine, listener=listener, status=Status.DELIVERED, created_at=edges[0])
    make_delivery(any_engine, listener=listener, created_at=edges[0] - timedelta(milliseconds=1))

    earlier, now = figures.per_slot(session, edges)

    assert earlier == Slot(made=1) and earlier.delivered == 1
    assert now == Slot(made=8, failed=1, held=1, cancelled=1, waiting=3) and now.delivered == 2


def test_a_count_that_was_overtaken_is_not_negative():
    assert Slot(made=1, failed=1, waiting=1).delivered == 0


def test_events_are_counted_up_to_a_limit(any_engine, session, clock, since):
    for _ in range(3):
        make_event(any_engine)
    make_event(any_engine, created_at=since - HOUR)

    assert figures.events_up_to(session, since, most=10) == 3
    assert figures.events_up_to(session, since, most=2) == 3  # one more: there are more than 2


def test_the_slowest_share_is_that_of_the_newest_answers(any_engine, session, clock, since):
    delivery = make_delivery(any_engine)
    with any_engine.sessions.begin() as writing:
        for number in range(1, 21):
            columns = {"started_at": clock() - number * HOUR / 10, "duration_ms": float(number)}
            writing.add(Attempt(delivery_id=delivery.id, number=number, status_code=200, **columns))
        writing.add(Attempt(delivery_id=delivery.id, number=21, started_at=clock(), duration_ms=9_000.0))

    assert figures.slowest_share(session, since) == (19.0, 20)
    assert figures.slowest_share(session, since, most=10) == (10.0, 10)
    assert figures.slowest_share(session, clock()) == (None, 0)


def test_listeners_in_trouble_come_first_then_those_with_most_failures(any_engine, session, clock, since):
    make_delivery(any_engine, listener=make_listener(any_engine), status=Status.DELIVERED)
    weak, weaker = (make_listener(any_engine) for _ in range(2))
    broken = make_listener(any_engine, state=State.DISABLED)
    deleted = make_listener(any_engine, state=State.FAILING, deleted_at=clock())
    for listener, count in ((weak, 1), (weaker, 2), (deleted, 3)):
        for number in range(count):
            ago = timedelta(minutes=number)
            make_delivery(any_engine, listener=listener, status=Status.FAILED, created_at=clock() - ago)
    make_delivery(any_engine, listener=weak, status=Status.FAILED, created_at=since - HOUR)
    make_delivery(any_engine, listener=weak, status=Status.FAILED, test=True)
    make_delivery(any_engine, listener=broken, status=Status.HELD, created_at=since - HOUR)

    found = figures.troubled(session, figures.failures(session, since))

    assert [(one.listener.id, one.failed, one.held, one.at_least) for one in found] == [
        (broken.id, 0, 1, False),
        (weaker.id, 2, 0, False),
        (weak.id, 1, 0, False),
    ]
    assert found[1].first_failed_at == clock() - timedelta(minutes=1)
    assert figures.by_state(session) == {**dict.fromkeys(State, 0), State.ACTIVE: 3, State.DISABLED: 1}


def test_who_is_tried_again_is_counted_while_it_is_sent_to(any_engine, session, clock, since):
    tried, paused = make_listener(any_engine), make_listener(any_engine, state=State.PAUSED)
    deleted = make_listener(any_engine, deleted_at=clock())
    for listener in (tried, tried, paused, deleted):
        make_delivery(any_engine, listener=listener, status=Status.RETRYING, created_at=since - HOUR)
    make_delivery(any_engine, listener=tried)  # waits for its first attempt
    make_delivery(any_engine, status=Status.RETRYING, test=True)

    found = figures.with_retrying(session, figures.failures(session, since))
    rows = figures.troubled(session, found)

    assert set(found.retrying) == {tried.id}
    assert [(one.listener.id, one.retrying, one.first_retried_at) for one in rows] == [
        (tried.id, 2, since - HOUR)
    ]


def test_the_last_error_is_found_behind_what_went_well_since(any_engine, session, clock, since):
    listener, fine = make_listener(any_engine), make_listener(any_engine)
    wrong = {"listener": listener, "last_error_class": "http_500"}
    make_delivery(any_engine, status=Status.FAILED, created_at=clock() - 2 * HOUR, **wrong)
    last = make_delivery(any_engine, status=Status.FAILED, created_at=clock() - HOUR, **wrong)
    make_delivery(any_engine, status=Status.FAILED, test=True, **wrong)
    for one in (listener, fine):
        make_delivery(any_engine, listener=one, status=Status.DELIVERED)
    found = figures.failures(session, since)

    for looked_back in (200, 1):
        shown = last_errors(session, found, [listener.id, fine.id], since, looked_back=looked_back)
        assert {key: one.delivery_id for key, one in shown.items()} == {listener.id: last.id}


def test_something_was_delivered_or_not(any_engine, session):
    make_delivery(any_engine, status=Status.FAILED)
    assert not figures.was_ever_delivered(session)

    make_delivery(any_engine, status=Status.DELIVERED, test=True)
    session.rollback()
    assert figures.was_ever_delivered(session)


def test_no_figure_reads_the_whole_table(engine, clock, since):
    """Of deliveries and attempts; SQLite tells by its plan, without a single row."""
    edges = [since + number * HOUR for number in range(25)]
    plans = []
    with engine.sessions() as session:

        @sa.event.listens_for(session.get_bind(), "before_cursor_execute")
        def explain(_connection, cursor, statement, parameters, _context, _many):
            if "FROM webhooks_" in statement:
                asked = cursor.connection.cursor()
                plans.extend(row[3] for row in asked.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        figures.per_slot(session, edges)
        figures.events_up_to(session, since, most=100)
        figures.slowest_share(session, since)
        found = figures.with_retrying(session, figures.failures(session, since))
        last_errors(session, found, ["0" * 32], since)
        figures.was_ever_delivered(session)
        system.backlog(session, clock())

    read = [plan for plan in plans if plan.startswith(("SCAN webhooks_", "SEARCH webhooks_"))]
    assert len(read) > 100 and all("INDEX" in plan for plan in read)
    # What is gone through from its first row is small: only what waits, is being sent or is not dispatched.
    small = ("_due", "_lease", "_undispatched")
    gone_through = [plan for plan in read if plan.startswith("SCAN") and not plan.endswith(small)]
    assert gone_through == ["SCAN webhooks_deliveries USING INDEX ix_webhooks_deliveries_newest"]
