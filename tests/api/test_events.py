"""Are events taken, each once, and told with what became of them?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.api.conftest import refused
from tests.build import settings_for
from tests.factories import make_event as store_event
from webhooks_app.builtin import register_built_in
from webhooks_app.engine import room
from webhooks_app.errors import Unavailable
from webhooks_app.storage.models import Event

EVENTS = "/hooks/person/events"


def stored(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(Event).order_by(Event.id)).all()


def test_a_published_event_is_stored_rung_for_and_found_at_its_location(engine, queue, publish):
    answer = publish("POST", EVENTS, json={"payload": {"name": "Joe", "address": "York"}})

    (event,) = stored(engine)
    assert answer.status_code == 202
    assert answer.json == {
        "id": f"evt_{event.id}",
        "hook": "person",
        "created_at": "2026-03-02T09:30:00.000Z",
    }
    assert answer.headers["Location"] == f"/api/v1/events/evt_{event.id}"
    assert queue.rings == 1
    assert publish("GET", f"/events/evt_{event.id}").json == {
        "id": f"evt_{event.id}",
        "hook": "person",
        "payload": {"name": "Joe", "address": "York"},
        "sender": "token publish token",
        "created_at": "2026-03-02T09:30:00.000Z",
        "deliveries": [],
    }


def test_the_keys_of_a_payload_keep_their_order(engine, publish):
    answer = publish("POST", EVENTS, data='{"payload":{"z":1,"a":2,"m":3}}', content_type="application/json")

    assert stored(engine)[0].body == '{"z":1,"a":2,"m":3}'
    shown = publish("GET", answer.headers["Location"].removeprefix("/api/v1")).get_data(as_text=True)
    assert '{"z":1,"a":2,"m":3}' in shown


def test_an_event_tells_of_its_deliveries(read, make_delivery):
    delivery = make_delivery(status="delivered", attempt_count=1)

    answer = read("GET", f"/events/evt_{delivery.event_id}")

    assert answer.json["deliveries"] == read("GET", "/deliveries").json["data"]
    assert answer.json["deliveries"][0]["id"] == f"dlv_{delivery.id}"


def test_the_same_key_and_body_are_answered_the_same_and_done_once(engine, queue, publish):
    options = {"json": {"payload": {"name": "Joe"}}, "headers": {"Idempotency-Key": "order 7"}}

    first, second = publish("POST", EVENTS, **options), publish("POST", EVENTS, **options)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json == second.json
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replay" not in first.headers
    assert second.headers["Idempotent-Replay"] == "true"
    assert len(stored(engine)) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("", {"payload": {}}), ("/batch", {"events": [{"payload": {}}]})],
)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "a"}])
def test_what_only_the_system_tells_of_is_refused(engine, write, path, body, headers):
    register_built_in(engine.hooks)

    answer = write("POST", f"/hooks/listener.failing/events{path}", json=body, headers=headers)

    assert refused(answer) == {("hook", "built_in")}
    assert answer.json["detail"].startswith("The hook listener.failing is sent by Webhooks App itself")
    assert stored(engine) == []


def test_a_key_used_with_another_body_is_refused(engine, publish):
    headers = {"Idempotency-Key": "a"}
    publish("POST", EVENTS, json={"payload": {}}, headers=headers)

    answer = publish("POST", EVENTS, json={"payload": {"x": 1}}, headers=headers)

    assert refused(answer) == {("Idempotency-Key", "idempotency_key_reused")}
    assert len(stored(engine)) == 1


def test_a_key_counts_for_one_token_one_address_and_one_day(engine, clock, publish, write):
    options = {"json": {"payload": {}}, "headers": {"Idempotency-Key": "a"}}
    publish("POST", EVENTS, **options)

    write("POST", EVENTS, **options)
    publish("POST", "/hooks/order/events", **options)
    clock.tick(24 * 3600)
    publish("POST", EVENTS, **options)

    assert len(stored(engine)) == 4


def test_what_was_refused_does_not_use_up_its_key(engine, publish):
    headers = {"Idempotency-Key": "a"}
    publish("POST", EVENTS, json={"payload": {"x": "x" * 300_000}}, headers=headers)

    answer = publish("POST", EVENTS, json={"payload": {"x": 1}}, headers=headers)

    assert answer.status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_has_a_sensible_form(publish, key):
    answer = publish("POST", EVENTS, json={"payload": {}}, headers={"Idempotency-Key": key})

    assert refused(answer) == {("Idempotency-Key", "idempotency_key_format")}


def test_a_batch_is_stored_whole_in_its_order(engine, queue, publish):
    events = [{"payload": {"number": number}} for number in range(1000)]

    answer = publish("POST", f"{EVENTS}/batch", json={"events": events}, headers={"Idempotency-Key": "b"})

    assert answer.status_code == 202
    rows = stored(engine)
    assert answer.json == {"ids": [f"evt_{row.id}" for row in rows]}
    assert [json.loads(row.body)["number"] for row in rows] == list(range(1000))
    again = publish("POST", f"{EVENTS}/batch", json={"events": events}, headers={"Idempotency-Key": "b"})
    assert again.json == answer.json
    assert len(stored(engine)) == 1000


@pytest.mark.parametrize(
    ("events", "status", "field"),
    [
        ([], 422, "events"),
        ([{"payload": {}}] * 1001, 422, "events"),
        ({}, 422, "events"),
        ([{"payload": {}}, {"payload": 1}], 422, "events.1.payload"),
        ([{"payload": {}}, {"payload": {}, "id": 1}], 422, "events.1.id"),
        ([{"payload": {}}, {}], 422, "events.1.payload"),
        ([{"payload": {}}, 7], 422, "events.1"),
        ([{"payload": {}}, {"payload": {"x": "x" * 300_000}}], 413, "events.1.payload"),
    ],
)
def test_a_batch_with_a_fault_stores_nothing(engine, publish, events, status, field):
    answer = publish("POST", f"{EVENTS}/batch", json={"events": events})

    assert answer.status_code == status
    assert answer.json["errors"][0]["field"] == field
    assert stored(engine) == []


def test_events_that_are_no_list_have_the_code_of_a_wrong_type(publish):
    assert refused(publish("POST", f"{EVENTS}/batch", json={"events": {}})) == {("events", "invalid_type")}


def test_a_batch_may_be_larger_than_other_bodies(engine, publish):
    events = [{"payload": {"x": "x" * 200_000}} for _ in range(10)]

    assert publish("POST", f"{EVENTS}/batch", json={"events": events}).status_code == 202

    too_large = b'{"events":[]' + b" " * 16 * 1024**2 + b"}"
    answer = publish("POST", f"{EVENTS}/batch", data=too_large, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json["detail"] == "The body is larger than 16 MiB."


def test_why_says_of_each_condition_whether_it_holds(read, make_event, make_listener):
    event = make_event(payload={"name": "Joe", "address": "Rome"})
    listener = make_listener(filter={"name": {"is": "Joe"}, "address": {"endswith": "York"}})

    answer = read("GET", f"/events/evt_{event.id}/why?listener=lsn_{listener.id}")

    assert answer.json["accepts"] is False
    known = {"missing": False, "problem": None}
    assert answer.json["conditions"] == [
        {"argument": "name", "matcher": "is", "wanted": "Joe", "got": "Joe", "holds": True, **known},
        {
            "argument": "address",
            "matcher": "endswith",
            "wanted": "York",
            "got": "Rome",
            "holds": False,
            **known,
        },
    ]


@pytest.mark.parametrize(
    ("listener", "status"),
    [("", 422), ("?listener=", 422), ("?listener=evt_1", 422), ("?listener=lsn_" + "0" * 32, 404)],
)
def test_why_needs_a_listener_that_exists(read, make_event, listener, status):
    assert read("GET", f"/events/evt_{make_event().id}/why{listener}").status_code == status


def test_why_refuses_a_listener_of_another_hook(read, make_event, make_listener):
    listener = make_listener(hook="order")

    answer = read("GET", f"/events/evt_{make_event().id}/why?listener=lsn_{listener.id}")

    assert refused(answer) == {("listener", "other_hook")}


def test_no_event_is_taken_while_the_disk_is_nearly_full(app, engine, tmp_path, publish):
    full = settings_for(tmp_path, WEBHOOKS_MIN_FREE_BYTES=str(2**50))
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], engine=replace(engine, settings=full))

    for path, body in ((EVENTS, {"payload": {}}), (f"{EVENTS}/batch", {"events": [{"payload": {}}]})):
        answer = publish("POST", path, json=body)
        assert answer.status_code == 503
        assert answer.json["detail"] == "Storage is nearly full."
        assert int(answer.headers["Retry-After"]) > 0
    assert stored(engine) == []


def test_no_event_is_taken_while_the_backlog_is_too_long(any_engine):
    for _ in range(3):
        store_event(any_engine)
    store_event(any_engine, dispatched_at=any_engine.clock())

    room.check(any_engine, most_undispatched=3)
    with pytest.raises(Unavailable, match="wait to be dispatched"):
        room.check(any_engine, most_undispatched=2)


def test_asking_for_room_waits_for_no_writer(engine, make_event):
    with engine.sessions.begin() as session:
        session.execute(sa.text("UPDATE webhooks_events SET sender = 'locked'"))

        room.check(engine)


def test_why_conflicts_with_a_stored_filter_that_cannot_be_read(read, make_event, make_listener):
    listener = make_listener(filter={"name": {"sounds": "Joe"}})

    answer = read("GET", f"/events/evt_{make_event().id}/why?listener=lsn_{listener.id}")

    assert answer.status_code == 409
    assert "cannot be read" in answer.json["detail"]
