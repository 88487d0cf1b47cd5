"""Does the log show what it was narrowed to, with all that its page needs?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_attempt, make_delivery, make_event, make_listener
from webhooks_app.storage.models import Attempt, Status
from webhooks_app.storage.queries import deliveries
from webhooks_app.storage.queries.deliveries import DeliveryFilter


@pytest.fixture
def log(any_engine, clock):
    """Five deliveries, one a minute, by a word of their own."""
    orders, people = make_listener(any_engine, hook="order"), make_listener(any_engine, hook="person")
    order, person = make_event(any_engine, hook="order"), make_event(any_engine, hook="person")
    rows = {
        "ok": {"listener": orders, "event": order, "status": Status.DELIVERED, "last_status_code": 204},
        "failed": {"listener": people, "event": person, "status": Status.FAILED, "last_status_code": 500},
        "gateway": {"status": Status.RETRYING, "last_status_code": 502},
        "dns": {"status": Status.RETRYING, "last_error_class": "dns_failure"},
        "test": {"test": True},
    }
    made = {}
    for word, columns in rows.items():
        made[word] = make_delivery(any_engine, **columns)
        clock.tick(60)
    return made


def words(log, rows):
    by_id = {delivery.id: word for word, delivery in log.items()}
    return [by_id[row.id] for row in rows]


@pytest.mark.parametrize(
    "wanted, found",
    [
        ({}, ["test", "dns", "gateway", "failed", "ok"]),
        ({"hook": "order"}, ["ok"]),
        ({"status": ("retrying", "failed")}, ["dns", "gateway", "failed"]),
        ({"code": "500"}, ["failed"]),
        ({"code": "5xx"}, ["gateway", "failed"]),
        ({"code": "2XX"}, ["ok"]),
        ({"error_class": "dns_failure"}, ["dns"]),
        ({"test": True}, ["test"]),
        ({"test": False, "status": ("retrying",)}, ["dns", "gateway"]),
        ({"hook": "", "status": (), "code": ""}, ["test", "dns", "gateway", "failed", "ok"]),
    ],
)
def test_the_log_shows_what_it_is_narrowed_to(session, log, wanted, found):
    page = deliveries.newest(session, DeliveryFilter(**wanted))

    assert words(log, page.rows) == found
    assert deliveries.count_up_to(session, DeliveryFilter(**wanted)) == len(found)
    assert deliveries.ids(session, DeliveryFilter(**wanted)) == [row.id for row in page.rows]


def test_a_span_takes_its_first_moment_and_not_its_last(session, log):
    since, until = log["failed"].created_at, log["dns"].created_at

    page = deliveries.newest(session, DeliveryFilter(since=since, until=until))

    assert words(log, page.rows) == ["gateway", "failed"]


def test_the_log_of_one_listener_and_of_one_event(session, log):
    of_listener = DeliveryFilter(listener_id=log["ok"].listener_id)
    of_event = DeliveryFilter(event_id=log["failed"].event_id)

    assert words(log, deliveries.newest(session, of_listener).rows) == ["ok"]
    assert words(log, deliveries.newest(session, of_event).rows) == ["failed"]


@pytest.mark.parametrize("code", ["abc", "5x", "999", "50", "5000", "6xx"])
def test_a_code_that_is_none_is_refused(session, code):
    with pytest.raises(ValueError, match="status code"):
        deliveries.newest(session, DeliveryFilter(code=code))


def test_a_row_has_its_event_and_listener_without_another_query(session, log):
    rows = deliveries.newest(session, limit=5).rows
    session.close()

    assert {row.event.hook for row in rows} == {"order", "person"}
    assert all(row.listener.url for row in rows)


def test_pages_of_a_narrowed_log_follow_each_other(session, log):
    wanted = DeliveryFilter(test=False)

    first = deliveries.newest(session, wanted, limit=3)
    second = deliveries.newest(session, wanted, cursor=first.older, limit=3)

    assert words(log, first.rows) + words(log, second.rows) == ["dns", "gateway", "failed", "ok"]


def test_the_neighbours_are_those_of_the_narrowed_log(session, log):
    newer, older = deliveries.neighbours(session, log["gateway"], DeliveryFilter(test=False))

    assert (newer, older) == (log["dns"].id, log["failed"].id)
    assert deliveries.neighbours(session, log["test"]) == (None, log["dns"].id)


def test_one_delivery_has_its_attempts_in_their_order(any_engine, session, log):
    with any_engine.sessions.begin() as writing:
        for number in (2, 1):
            moment = any_engine.clock() + timedelta(seconds=number)
            writing.add(Attempt(delivery_id=log["ok"].id, number=number, started_at=moment))

    found = deliveries.one(session, log["ok"].id)
    session.close()

    assert [attempt.number for attempt in found.attempts] == [1, 2]
    assert (found.event.hook, found.listener.hook) == ("order", "order")


def test_there_is_no_delivery_of_an_unknown_id(session):
    assert deliveries.one(session, "0" * 32) is None


def test_siblings_are_the_other_deliveries_of_the_event(any_engine, session, log):
    event = make_event(any_engine)
    original = make_delivery(any_engine, event=event)
    replay = make_delivery(any_engine, event=event, replay_of=original.id, replay_no=1)

    assert [row.id for row in deliveries.siblings(session, original)] == [replay.id]


def test_counting_stops_where_nobody_reads_on(session, log):
    assert deliveries.count_up_to(session, most=3) == 4


def test_the_log_is_read_along_an_index(any_engine, session, log):
    if any_engine.sessions.kw["bind"].dialect.name != "sqlite":
        return  # PostgreSQL reads so few rows without one
    where = "(created_at, id) < (1, 'x') ORDER BY created_at DESC, id DESC LIMIT 26"
    query = f"SELECT id FROM webhooks_deliveries WHERE {where}"

    plan = " ".join(row[3] for row in session.execute(sa.text("EXPLAIN QUERY PLAN " + query)))

    assert "ix_webhooks_deliveries_newest" in plan
    assert "TEMP B-TREE" not in plan


def test_an_answers_body_is_left_where_it_is_unless_wanted(any_engine, session, log):
    make_attempt(any_engine, log["ok"], response_body=b"large")

    found = deliveries.one(session, log["ok"].id, with_bodies=False)

    assert "response_body" in sa.inspect(found.attempts[0]).unloaded
    assert found.attempts[0].response_body == b"large"
