"""Do the lists of events, listeners, hooks, people and boxes hold what their pages show?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_attempt, make_delivery, make_event, make_listener, make_user
from webhooks_app.engine.audit import CODE, Actor, note
from webhooks_app.storage.echo import EchoBox, EchoRequest
from webhooks_app.storage.models import HookProblem, State, Status
from webhooks_app.storage.queries import echo, events, hooks, listeners, people, system


@pytest.fixture
def since(clock):
    return clock() - timedelta(hours=24)


def test_events_are_listed_by_hook_and_span_with_their_deliveries(any_engine, session, clock):
    old = make_event(any_engine, hook="order")
    clock.tick(10)
    new = make_event(any_engine, hook="order")
    make_event(any_engine, hook="person")
    make_delivery(any_engine, event=new, listener=make_listener(any_engine, hook="order"))

    span = {"since": old.created_at, "until": clock() + timedelta(seconds=1)}
    rows = events.newest(session, "order", **span, with_deliveries=True).rows
    only_old = events.newest(session, "order", until=new.created_at).rows
    session.close()

    assert [row.id for row in rows] == [new.id, old.id]
    assert [len(row.deliveries) for row in rows] == [1, 0]
    assert [row.id for row in only_old] == [old.id]


def test_the_deliveries_of_events_are_counted_by_status(any_engine, session):
    event, alone = make_event(any_engine), make_event(any_engine)
    for status in (Status.FAILED, Status.FAILED, Status.HELD):
        make_delivery(any_engine, event=event, status=status)

    assert events.spread(session, [event.id, alone.id]) == {event.id: {"failed": 2, "held": 1}, alone.id: {}}


def test_one_event_has_its_deliveries_and_their_listeners(any_engine, session):
    delivery = make_delivery(any_engine)

    event = events.one(session, delivery.event_id)
    session.close()

    assert event.deliveries[0].listener.id == delivery.listener_id


def test_the_latest_payloads_come_newest_first_and_without_tests(any_engine, session, clock):
    for number in range(3):
        make_event(any_engine, payload={"number": number})
        clock.tick(1)
    make_event(any_engine, payload={"number": "test"}, test=True)

    assert events.latest_payloads(session, "person", n=2) == [{"number": 2}, {"number": 1}]


def test_listeners_are_found_by_hook_state_and_text(any_engine, session):
    shop = make_listener(any_engine, hook="order", name="Shop CRM", url="https://crm.example.com/100%")
    make_listener(any_engine, hook="person", name="Mailer", state=State.PAUSED)
    make_listener(any_engine, hook="order", name="Shop old", deleted_at=any_engine.clock())

    assert [row.name for row in listeners.all(session)] == ["Shop CRM", "Mailer"]
    assert [row.name for row in listeners.of_hook(session, "order")] == ["Shop CRM"]
    assert [row.name for row in listeners.all(session, state="paused")] == ["Mailer"]
    assert [row.name for row in listeners.newest(session, text="SHOP").rows] == ["Shop CRM"]
    assert [row.name for row in listeners.all(session, text="100%")] == ["Shop CRM"]
    assert listeners.all(session, text="100_") == []
    assert listeners.one(session, shop.id).name == "Shop CRM"


def test_a_listener_brings_its_secrets_only_where_asked(any_engine, session):
    made = make_listener(any_engine)

    found = listeners.one(session, made.id, with_secrets=True)

    assert len(found.secrets) == 1


def test_health_counts_what_ended_and_shows_the_last_answer(any_engine, session, clock, since):
    listener, quiet = make_listener(any_engine), make_listener(any_engine)
    make_delivery(
        any_engine, listener=listener, status=Status.DELIVERED, last_status_code=200, attempt_count=1
    )
    clock.tick(5)
    columns = {"last_status_code": 500, "last_error_class": "http_500", "attempt_count": 3}
    make_delivery(any_engine, listener=listener, status=Status.FAILED, **columns)
    last_at = clock()
    clock.tick(5)
    make_delivery(any_engine, listener=listener, due_at=clock() + timedelta(minutes=5))
    make_delivery(any_engine, listener=listener, status=Status.FAILED, test=True, attempt_count=1)

    found = listeners.health(session, [listener.id, quiet.id], since)

    health = found[listener.id]
    assert (health.delivered, health.failed, health.success) == (1, 1, 0.5)
    assert (health.last_status_code, health.last_error_class, health.last_at) == (500, "http_500", last_at)
    assert health.next_due_at == clock() + timedelta(minutes=5)
    assert found[quiet.id] == listeners.Health()
    assert found[quiet.id].success is None


def test_the_last_answer_has_the_moment_of_its_attempt_and_not_of_its_delivery(
    any_engine, session, clock, since
):
    listener = make_listener(any_engine)
    columns = {"last_status_code": 500, "last_error_class": "http_500", "attempt_count": 2}
    delivery = make_delivery(any_engine, listener=listener, status=Status.RETRYING, **columns)
    make_attempt(any_engine, delivery)
    last_at = clock.tick(6 * 3600)
    make_attempt(any_engine, delivery, number=2, error="The receiver answered 500 Internal Server Error.")

    health = listeners.health(session, [listener.id], since)[listener.id]

    assert (health.last_at, health.last_error) == (
        last_at,
        "The receiver answered 500 Internal Server Error.",
    )


def test_health_of_nobody_asks_nothing(session, since):
    assert listeners.health(session, [], since) == {}


def test_a_hooks_activity_counts_its_events_and_listeners(any_engine, session, clock, since):
    make_event(any_engine, created_at=clock() - timedelta(days=3))
    last = make_event(any_engine)
    make_event(any_engine, test=True, created_at=clock() - timedelta(hours=1))
    make_listener(any_engine)
    make_listener(any_engine, state=State.PAUSED)
    make_listener(any_engine, hook="order", state=State.FAILING)
    make_listener(any_engine, deleted_at=clock())

    found = hooks.activity(session, since)

    assert found["person"] == hooks.Activity(events=1, last_event_at=last.created_at, active=1, paused=1)
    assert (found["order"].events, found["order"].failing, found["order"].listeners) == (0, 1, 1)


def test_the_problems_of_hooks_are_known_by_name(any_engine, session, clock):
    with any_engine.sessions.begin() as writing:
        writing.add(HookProblem(hook="person", count=2, message="Decimal", last_at=clock()))

    assert hooks.problems(session)["person"].count == 2


def test_users_and_the_audit_log_are_listed(any_engine, session, clock):
    make_user(any_engine, email="b@example.com")
    make_user(any_engine, email="a@example.com")
    with any_engine.sessions.begin() as writing:
        note(writing, CODE, "create", "listener", "1" * 32, at=clock())
        later = clock.tick(1)
        note(writing, Actor("a@example.com", ip="::1"), "pause", "listener", "1" * 32, at=later)

    assert [user.email for user in people.users(session)] == ["a@example.com", "b@example.com"]
    assert [entry.act for entry in people.audit(session).rows] == ["pause", "create"]
    assert [entry.act for entry in people.audit(session, actor="code").rows] == ["create"]


def test_the_backlog_says_what_waits_and_since_when(any_engine, session, clock):
    first = clock()
    make_event(any_engine)
    make_delivery(any_engine)
    make_delivery(any_engine, status=Status.RETRYING, due_at=clock() + timedelta(minutes=5))
    make_delivery(any_engine, status=Status.SENDING)
    make_delivery(any_engine, status=Status.HELD)

    found = system.backlog(session, clock.tick(60))

    assert (found.undispatched, found.oldest_undispatched_at) == (1, first)
    assert (found.waiting, found.due, found.oldest_due_at) == (2, 1, first)
    assert (found.sending, found.held) == (1, 1)


def test_an_empty_backlog_has_no_oldest(session, clock):
    found = system.backlog(session, clock())

    assert (found.undispatched, found.oldest_undispatched_at, found.oldest_due_at) == (0, None, None)


def test_the_database_has_a_size(session):
    assert system.database_bytes(session) > 4096


def test_the_echo_boxes_requests_come_newest_first(any_engine, session, clock):
    with any_engine.sessions.begin() as writing:
        writing.add(EchoBox(token="t" * 43, created_at=clock()))
        writing.flush()
        for number in range(2):
            columns = {"headers": [], "body": b"%d" % number, "answered": 200, "verdict": "verified"}
            writing.add(EchoRequest(token="t" * 43, received_at=clock.tick(1), **columns))

    assert [box.token for box in echo.boxes(session)] == ["t" * 43]
    assert echo.box(session, "unknown") is None
    assert [request.body for request in echo.requests(session, "t" * 43)] == [b"1", b"0"]


def test_the_last_request_of_each_box_is_told_with_their_count(any_engine, session, clock):
    with any_engine.sessions.begin() as writing:
        writing.add_all(EchoBox(token=letter * 43, created_at=clock()) for letter in "abc")
        writing.flush()
        for token in ("a" * 43, "b" * 43, "a" * 43):
            columns = {"headers": [], "body": b"", "answered": 200, "verdict": f"number {clock.tick(1)}"}
            writing.add(EchoRequest(token=token, received_at=clock(), **columns))

    last = echo.last_requests(session)

    assert {token[0]: one.count for token, one in last.items()} == {"a": 2, "b": 1}
    newest = last["a" * 43]
    assert (newest.received_at, newest.verdict) == (clock(), f"number {clock()}")
    ids = echo.request_ids(session, "a" * 43)
    assert ids == [request.id for request in echo.requests(session, "a" * 43)]
    assert echo.request(session, "a" * 43, ids[1]).id == ids[1]
    assert echo.request(session, "b" * 43, ids[1]) is None
