"""One attempt: what the receiver gets, what is told of a failure, and whether it may still begin."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import Webhook

from webhooks_app.engine.claim import claim
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.patience import ENDLESS, SLOW
from webhooks_app.engine.sending import Sending
from webhooks_app.engine.signing import new_secret
from webhooks_app.storage.ids import EVENT, shown
from webhooks_app.storage.models import Attempt, Delivery

CLOUDEVENT = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}


def status_of(engine, delivery) -> str:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id).status


def test_what_the_receiver_gets_verifies_by_the_standard(
    engine, clock, make_listener, make_delivery, make_event, transport
):
    secret = new_secret()
    clock.now = clock.now.fromtimestamp(int(time.time()), clock.now.tzinfo)  # the reference checks the moment
    event = make_event(payload={"name": "José"}, dispatched_at=clock())
    listener = make_listener(secret=secret, headers={"x-tenant": "7"}, timeout_seconds=3)
    deliver_batch(engine, [make_delivery(event=event, listener=listener).id], patience=ENDLESS)

    [message] = transport.sent
    headers = dict(message.headers)
    assert (message.url, message.timeout_seconds) == (listener.url, 3)
    assert Webhook(secret).verify(message.body.decode(), headers) == {"name": "José"}
    assert headers["webhook-id"] == shown(EVENT, event.id)
    assert (headers["webhook-attempt"], headers["x-tenant"]) == ("1", "7")


@pytest.mark.parametrize(
    ("body_format", "found"),
    [("plain", {"name": "Joe"}), ("standard", {"type", "timestamp", "data"}), ("cloudevents", CLOUDEVENT)],
)  # fmt: skip
def test_the_body_is_in_the_listeners_format(
    engine, make_listener, make_delivery, make_event, transport, body_format, found
):
    event = make_event(payload={"name": "Joe"}, dispatched_at=engine.clock())
    delivery = make_delivery(event=event, listener=make_listener(body_format=body_format))
    deliver_batch(engine, [delivery.id], patience=ENDLESS)

    body = json.loads(transport.sent[0].body)
    assert (body if body_format == "plain" else set(body)) == found


def test_a_retry_sends_the_same_bytes_and_counts_up(engine, clock, make_delivery, transport):
    delivery = make_delivery()
    transport.will_answer(500, 200)
    deliver_batch(engine, [delivery.id], patience=ENDLESS)
    clock.tick(6)
    deliver_batch(engine, [delivery.id], patience=ENDLESS)

    first, second = transport.sent
    assert first.body == second.body
    assert [dict(each.headers)["webhook-attempt"] for each in transport.sent] == ["1", "2"]
    assert dict(first.headers)["webhook-id"] == dict(second.headers)["webhook-id"]
    assert dict(first.headers)["webhook-signature"] != dict(second.headers)["webhook-signature"]
    assert status_of(engine, delivery) == "delivered"


def test_whatever_fails_inside_becomes_an_outcome_and_the_log_says_why(
    engine, make_delivery, transport, caplog
):
    def fail(_message):
        raise ZeroDivisionError("a secret of ours")

    transport.will_do(fail)
    delivery = make_delivery()
    deliver_batch(engine, [delivery.id], patience=ENDLESS)

    with engine.sessions() as session:
        attempt = session.scalars(sa.select(Attempt)).one()
    assert (attempt.error_class, attempt.error) == (
        "internal", "Sending failed inside Webhooks App: ZeroDivisionError.",
    )  # fmt: skip
    assert status_of(engine, delivery) == "retrying"
    assert f"The attempt 1 of the delivery {delivery.id} failed inside." in caplog.text
    [record] = [one for one in caplog.records if "failed inside" in one.getMessage()]
    assert (record.delivery_id, record.attempt) == (f"dlv_{delivery.id}", 1)
    assert "ZeroDivisionError: a secret of ours" in caplog.text


@pytest.mark.parametrize(
    ("seconds_later", "may_begin"),
    [(0, True), (45, True), (45.1, False), (3600, False)],  # a lease is a timeout and 45 s
)
def test_a_send_that_its_lease_would_not_outlast_does_not_begin(
    engine, make_delivery, clock, seconds_later, may_begin
):
    [claimed] = claim(engine, [make_delivery().id])
    clock.tick(seconds_later)

    assert Sending(engine, claimed, claimed_at=clock()).may_begin() is may_begin


def test_a_send_whose_beginning_was_kept_too_late_goes_back(engine, make_delivery, clock, transport):
    class SlowToCommit:
        @contextmanager
        def begin(self):
            with engine.sessions.begin() as session:
                yield session
            if threading.current_thread() is not threading.main_thread():
                clock.tick(46)

    delivery = make_delivery()
    deliver_batch(replace(engine, sessions=SlowToCommit()), [delivery.id], patience=SLOW)

    assert transport.sent == []
    assert status_of(engine, delivery) == "pending"


def test_what_may_not_begin_after_all_goes_back_to_the_quick_ones(engine, make_delivery, queue, transport):
    """Its lease was lost, or the database was away: neither says anything of its listener."""

    class Away:
        def begin(self):
            if threading.current_thread() is threading.main_thread():
                return engine.sessions.begin()
            raise sa.exc.OperationalError("UPDATE", {}, Exception("server is gone"))

    delivery = make_delivery()
    deliver_batch(replace(engine, sessions=Away()), [delivery.id], patience=SLOW)

    assert (transport.sent, queue.pushed) == ([], [[delivery.id]])
    assert status_of(engine, delivery) == "pending"
