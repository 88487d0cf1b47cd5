"""Are deliveries told as they are, and can a program retry or give them up?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_attempt
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.patience import ENDLESS

KEYS = [
    "id", "event_id", "hook", "listener_id", "status", "reason", "attempt_count", "next_attempt_at",
    "replay", "test", "created_at", "finished_at",
]  # fmt: skip


@pytest.fixture
def sent(engine, make_delivery, make_event, make_listener, clock):
    """A delivery after one attempt; its listener wants an envelope and has a header of its own."""

    def send(**listener):
        listener.setdefault("url", "http://127.0.0.1:9099/hook")
        event = make_event(payload={"name": "Joe"}, dispatched_at=clock())
        delivery = make_delivery(
            event=event, listener=make_listener(headers={"x-key": "top secret"}, **listener)
        )
        deliver_batch(engine, [delivery.id], patience=ENDLESS)
        return f"/deliveries/dlv_{delivery.id}"

    return send


def test_a_delivery_is_told_with_its_attempts(read, sent, transport):
    transport.will_answer(500, headers={"X-Reason": "busy"}, body="überlastet".encode())

    delivery = read("GET", sent()).json

    assert list(delivery) == [*KEYS, "attempts"]
    assert delivery["status"] == "retrying"
    assert delivery["attempt_count"] == 1
    assert delivery["next_attempt_at"] > delivery["created_at"]
    (attempt,) = delivery["attempts"]
    assert attempt["number"] == 1
    assert attempt["started_at"] == "2026-03-02T09:30:00.000Z"
    assert (attempt["status_code"], attempt["error_class"]) == (500, "http_500")
    assert attempt["error"] == "The receiver answered 500."
    assert attempt["request"]["url"] == "http://127.0.0.1:9099/hook"
    assert attempt["request"]["body"] == '{"name":"Joe"}'
    assert attempt["request"]["headers"]["webhook-id"] == delivery["event_id"]
    assert attempt["request"]["headers"]["x-key"] == "(hidden)"
    assert attempt["response"] == {
        "headers": {"x-reason": "busy"},
        "body": "überlastet",
        "encoding": "utf-8",
        "truncated": False,
        "truncated_by": None,
    }


@pytest.mark.parametrize("body_format", ["plain", "standard", "cloudevents"])
def test_the_body_told_is_the_body_sent(read, sent, transport, body_format):
    delivery = read("GET", sent(body_format=body_format)).json

    assert delivery["attempts"][0]["request"]["body"].encode() == transport.sent[0].body


def test_an_attempt_names_the_addresses_that_were_passed_over(read, engine, make_delivery):
    delivery = make_delivery(status="delivered", attempt_count=2)
    make_attempt(engine, delivery, skipped_ips=["10.0.0.1"])
    make_attempt(engine, delivery, number=2)

    attempts = read("GET", f"/deliveries/dlv_{delivery.id}").json["attempts"]

    assert [one["skipped_ips"] for one in attempts] == [["10.0.0.1"], []]


def test_an_attempt_without_an_answer_has_no_response(read, sent, transport):
    transport.will_fail("read_timeout", "The receiver did not answer in time.")

    (attempt,) = read("GET", sent()).json["attempts"]

    assert attempt["response"] is None
    assert (attempt["status_code"], attempt["error_class"]) == (None, "read_timeout")


def test_bytes_that_are_no_text_are_replaced_and_it_is_said(read, sent, transport):
    transport.will_answer(200, body=b"\x89PNG \x00")

    (attempt,) = read("GET", sent()).json["attempts"]

    assert attempt["response"]["body"] == "\ufffdPNG \x00"
    assert attempt["response"]["encoding"] == "replaced"


@pytest.mark.parametrize("status", ["failed", "cancelled", "held", "retrying", "pending"])
def test_what_is_not_delivered_can_be_retried(write, make_delivery, queue, status):
    delivery = make_delivery(status=status, attempt_count=1)

    answer = write("POST", f"/deliveries/dlv_{delivery.id}/retry")

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/deliveries/dlv_{delivery.id}"
    assert list(answer.json) == KEYS
    assert answer.json["status"] == "retrying"
    assert queue.pushed_ids == [delivery.id]


@pytest.mark.parametrize("state", ["failing", "paused", "disabled"])
def test_what_is_held_can_be_retried_whatever_holds_it(write, make_listener, make_delivery, queue, state):
    held = make_delivery(listener=make_listener(state=state), status="held")

    assert write("POST", f"/deliveries/dlv_{held.id}/retry").status_code == 202
    assert queue.pushed_ids == [held.id]


@pytest.mark.parametrize(("status", "detail"), [("delivered", "Use replay"), ("sending", "being sent")])
def test_what_was_or_is_being_sent_cannot_be_retried(write, make_delivery, status, detail):
    answer = write("POST", f"/deliveries/dlv_{make_delivery(status=status).id}/retry")

    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert detail in answer.json["detail"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("pending", 202),
        ("retrying", 202),
        ("held", 202),
        ("sending", 409),
        ("delivered", 409),
        ("failed", 409),
        ("cancelled", 409),
    ],
)
def test_only_what_waits_can_be_cancelled(write, make_delivery, status, code):
    answer = write("POST", f"/deliveries/dlv_{make_delivery(status=status).id}/cancel")

    assert answer.status_code == code
    if code == 202:
        assert (answer.json["status"], answer.json["reason"]) == (
            "cancelled",
            "Cancelled by token write token.",
        )
        assert answer.json["next_attempt_at"] is None


@pytest.fixture
def log(engine, clock, make_delivery, make_listener):
    """Four deliveries an hour apart, the newest last, by a short name."""
    other = make_listener(hook="order")
    rows = {}
    for name, columns in {
        "ok": {"status": "delivered", "last_status_code": 200},
        "busy": {"status": "failed", "last_status_code": 503, "last_error_class": "http_503"},
        "gone": {"status": "failed", "last_status_code": 500, "last_error_class": "http_500"},
        "other": {"status": "held", "listener": other, "hook": "order", "test": True},
    }.items():
        rows[name] = make_delivery(**columns)
        clock.tick(3600)
    return rows


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "other gone busy ok"),
        ("?hook=order", "other"),
        ("?status=failed", "gone busy"),
        ("?status=failed,held", "other gone busy"),
        ("?status=failed&status=delivered", "gone busy ok"),
        ("?code=500", "gone"),
        ("?code=5xx", "gone busy"),
        ("?error_class=http_503", "busy"),
        ("?since=2026-03-02T10:30:00Z", "other gone busy"),  # the first moment is included
        ("?until=2026-03-02T10:30:00Z", "ok"),  # and the last is not
        ("?since=2026-03-02T11:30:00%2B01:00&until=2026-03-02T11:30:00Z", "busy"),
        ("?since=2026-03-02T11:30:00+01:00&until=2026-03-02T11:30:00Z", "busy"),  # a plus arrives as a space
        ("?test=true", "other"),
        ("?status=failed&code=5xx&limit=1", "gone"),
    ],
)
def test_the_log_is_narrowed_by_each_filter(read, log, query, names):
    rows = read("GET", f"/deliveries{query}").json["data"]

    by_id = {f"dlv_{row.id}": name for name, row in log.items()}
    assert [by_id[row["id"]] for row in rows] == names.split()
    assert all(list(row) == KEYS for row in rows)


def test_the_log_is_narrowed_to_an_event_and_a_listener(read, log):
    for query in (f"event=evt_{log['busy'].event_id}", f"listener=lsn_{log['busy'].listener_id}"):
        rows = read("GET", f"/deliveries?{query}").json["data"]
        assert [row["id"] for row in rows] == [f"dlv_{log['busy'].id}"]


def test_a_deliverys_moments_are_utc_with_z(read, log, clock):
    row = read("GET", f"/deliveries/dlv_{log['ok'].id}").json

    assert row["created_at"] == row["finished_at"] == "2026-03-02T09:30:00.000Z"
    assert clock() - log["ok"].created_at == timedelta(hours=4)
