"""Do listeners come, change and go as people want, with everything that hangs on them?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_listener
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.listeners import Wanted
from webhooks_app.errors import Conflict, NotFound, NotRegistered, Refused
from webhooks_app.match import Filter
from webhooks_app.storage.models import Delivery, Event, Listener, Secret, State, Status
from webhooks_app.storage.people import AuditEntry

URL = "http://127.0.0.1:8000/receiver"
ANNA = Actor("anna@example.com", ip="::1", request_id="r1")


def rows(engine, entity, **columns):
    with engine.sessions() as session:
        return session.scalars(sa.select(entity).filter_by(**columns).order_by(entity.id)).all()


def one(engine, entity, row_id):
    with engine.sessions() as session:
        return session.get(entity, row_id)


def acts(engine):
    return [entry.act for entry in rows(engine, AuditEntry)]


def test_a_made_listener_shows_its_secret_once_and_keeps_it_sealed(any_engine):
    wanted = Wanted(url=URL, filter=Filter({"name": "Joe"}), headers={"X-Key": "s3cret"})

    made = listeners.create(any_engine, "person", wanted, by=ANNA)

    stored = one(any_engine, Listener, made.listener.id)
    secret = rows(any_engine, Secret)[0]
    assert (stored.state, stored.filter, stored.version) == ("active", {"name": {"is": "Joe"}}, 1)
    assert made.secret.startswith("whsec_")
    assert made.secret[6:] not in secret.sealed
    assert "s3cret" not in stored.headers_sealed
    assert listeners.own_headers(any_engine, stored) == {"x-key": "s3cret"}
    assert (secret.last_four, secret.expires_at) == (made.secret[-4:], None)


def test_making_a_listener_is_audited_without_what_is_secret(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL, headers={"X-Key": "s3cret"}), by=ANNA)

    entry = rows(any_engine, AuditEntry)[0]
    assert (entry.actor, entry.act, entry.object_id, entry.ip) == (
        "anna@example.com", "create", made.listener.id, "::1",
    )  # fmt: skip
    assert "s3cret" not in str(entry.after)
    assert made.secret not in str(entry.after)


def test_a_listener_of_an_unknown_hook_is_refused(any_engine):
    with pytest.raises(NotRegistered):
        listeners.create(any_engine, "nothing", Wanted(url=URL), by=ANNA)


def test_a_refused_listener_leaves_nothing(any_engine):
    with pytest.raises(Refused):
        listeners.create(any_engine, "person", Wanted(url="nonsense"), by=ANNA)

    assert rows(any_engine, Listener) == rows(any_engine, AuditEntry) == []


def test_a_change_is_kept_and_audited_with_what_differs(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL, name="Shop"), by=ANNA)
    wanted = replace(
        listeners.wanted_of(any_engine, made.listener), timeout_seconds=5.0, headers={"x-key": "1"}
    )

    found = listeners.change(any_engine, made.listener.id, wanted, by=ANNA, version=1)

    assert (found.version, found.timeout_seconds) == (2, 5.0)
    assert listeners.own_headers(any_engine, one(any_engine, Listener, found.id)) == {"x-key": "1"}
    entry = rows(any_engine, AuditEntry, act="change")[0]
    assert entry.before["timeout_seconds"] is None
    assert set(entry.after) == {"timeout_seconds", "headers"}


def test_a_change_that_changes_nothing_leaves_no_trace(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL, headers={"x-key": "1"}), by=ANNA)

    listeners.change(any_engine, made.listener.id, listeners.wanted_of(any_engine, made.listener), by=ANNA)

    assert one(any_engine, Listener, made.listener.id).version == 1
    assert acts(any_engine) == ["create"]


def test_the_second_of_two_editors_is_told(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL), by=ANNA)
    listeners.change(any_engine, made.listener.id, Wanted(url=URL, name="first"), by=ANNA, version=1)

    with pytest.raises(Conflict, match=r"Changed by someone else meanwhile\."):
        listeners.change(any_engine, made.listener.id, Wanted(url=URL, name="second"), by=ANNA, version=1)

    assert one(any_engine, Listener, made.listener.id).name == "first"


def test_a_listener_whose_hook_is_gone_cannot_be_changed(any_engine):
    listener = make_listener(any_engine, hook="forgotten")

    with pytest.raises(Conflict, match="forgotten is not registered"):
        listeners.change(any_engine, listener.id, Wanted(url=URL), by=ANNA)


def test_pausing_holds_what_waits_and_resuming_releases_it(any_engine, clock):
    listener, other = make_listener(any_engine), make_listener(any_engine)
    fresh = make_delivery(any_engine, listener=listener)
    tried = make_delivery(
        any_engine, listener=listener, status=Status.RETRYING, tries=2, due_at=clock() + timedelta(hours=1)
    )
    done = make_delivery(any_engine, listener=listener, status=Status.DELIVERED)
    others = make_delivery(any_engine, listener=other)

    paused = listeners.pause(any_engine, listener.id, by=ANNA)
    held = [one(any_engine, Delivery, row.id) for row in (fresh, tried)]
    clock.tick(60)
    resumed = listeners.resume(any_engine, listener.id, by=ANNA)

    assert (paused.state, held[0].status, held[0].reason) == ("paused", "held", "The listener is paused.")
    assert held[1].status == "held"
    assert resumed.state == one(any_engine, Listener, listener.id).state == State.ACTIVE
    released = [one(any_engine, Delivery, row.id) for row in (fresh, tried)]
    assert [(row.status, row.due_at, row.reason) for row in released] == [
        ("pending", clock(), ""),
        ("retrying", clock() + timedelta(milliseconds=20), ""),  # one after the other
    ]
    assert one(any_engine, Delivery, done.id).status == "delivered"
    assert one(any_engine, Delivery, others.id).status == "pending"


def test_pausing_says_by_whom_and_since_when(any_engine, clock):
    listener = make_listener(any_engine)
    moment = clock.tick(60)

    listeners.pause(any_engine, listener.id, by=ANNA)
    listeners.pause(any_engine, listener.id, by=Actor("later@example.com"))

    found = one(any_engine, Listener, listener.id)
    assert (found.state_reason, found.state_since) == ("Paused by anna@example.com.", moment)
    assert acts(any_engine) == ["pause"]


@pytest.mark.parametrize("state", [State.FAILING, State.DISABLED, State.PAUSED])
def test_one_click_resumes_whatever_stopped_it(any_engine, state):
    listener = make_listener(any_engine, state=state, state_reason="The receiver answered 410 Gone.")

    found = listeners.resume(any_engine, listener.id, by=ANNA)

    assert (found.state, found.state_reason) == ("active", "")


def test_resuming_does_not_send_what_the_filter_could_not_be_asked_about(any_engine):
    listener = make_listener(any_engine, state=State.PAUSED)
    reason = "The filter could not be evaluated: name: too long"
    doubtful = make_delivery(any_engine, listener=listener, status=Status.HELD, reason=reason)

    listeners.resume(any_engine, listener.id, by=ANNA)

    assert one(any_engine, Delivery, doubtful.id).status == "held"


def test_deleting_cancels_what_waits_and_leaves_the_rest_readable(any_engine, clock):
    listener = make_listener(any_engine, code_key="k" * 64)
    waiting = [
        make_delivery(any_engine, listener=listener, status=s) for s in ("pending", "retrying", "held")
    ]
    sending = make_delivery(any_engine, listener=listener, status=Status.SENDING)

    listeners.delete(any_engine, listener.id, by=ANNA)

    for row in waiting:
        found = one(any_engine, Delivery, row.id)
        assert (found.status, found.reason, found.finished_at) == (
            "cancelled", "The listener was deleted.", clock(),
        )  # fmt: skip
    assert one(any_engine, Delivery, sending.id).status == "sending"
    stored = one(any_engine, Listener, listener.id)
    assert (stored.deleted_at, stored.code_key) == (clock(), None)


def test_deleting_forgets_the_secrets(any_engine):
    listener, other = make_listener(any_engine), make_listener(any_engine)

    listeners.delete(any_engine, listener.id, by=ANNA)

    with any_engine.sessions() as session:
        assert list(session.scalars(sa.select(Secret.listener_id))) == [other.id]


@pytest.mark.parametrize(
    "verb", [listeners.pause, listeners.resume, listeners.delete, listeners.rotate_secret]
)
def test_nothing_is_done_to_a_listener_that_is_not_there(any_engine, verb):
    deleted = make_listener(any_engine, deleted_at=any_engine.clock())

    for listener_id in (deleted.id, "0" * 32):
        with pytest.raises(NotFound):
            verb(any_engine, listener_id, by=ANNA)


def test_a_test_goes_to_a_paused_listener_alone_and_at_once(any_engine, queue, clock):
    listener = make_listener(any_engine, state=State.PAUSED, filter={"name": {"is": "nobody"}})
    make_listener(any_engine)

    sent = listeners.send_test(any_engine, listener.id, by=ANNA, payload={"name": "Joe"})

    event, delivery = one(any_engine, Event, sent.event_id), one(any_engine, Delivery, sent.delivery_id)
    assert (event.body, event.test, event.dispatched_at) == ('{"name":"Joe"}', True, clock())
    assert (delivery.status, delivery.test, delivery.listener_id) == ("pending", True, listener.id)
    assert len(rows(any_engine, Delivery)) == 1
    assert queue.pushed == [[sent.delivery_id]]
    assert acts(any_engine) == ["test"]


def test_a_test_takes_the_last_events_payload_or_else_a_sample(engine, make_listener, make_event):
    listener = make_listener(hook="order")

    sample = listeners.send_test(engine, listener.id, by=ANNA)
    make_event(hook="order", payload={"customer": "acme"})
    latest = listeners.send_test(engine, listener.id, by=ANNA)

    assert one(engine, Event, sample.event_id).body == '{"customer":"example","total":1,"paid":true}'
    assert one(engine, Event, latest.event_id).body == '{"customer":"acme"}'


def test_a_test_that_the_queue_does_not_take_stays_for_the_sweep(engine, make_listener, queue):
    queue.is_down = True

    sent = listeners.send_test(engine, make_listener().id, by=ANNA)

    assert one(engine, Delivery, sent.delivery_id).status == "pending"


def test_a_test_says_why_it_cannot_be_sent(engine, make_listener):
    with pytest.raises(NotFound):
        listeners.send_test(engine, make_listener(deleted_at=engine.clock()).id, by=ANNA)
    with pytest.raises(Conflict, match="not registered"):
        listeners.send_test(engine, make_listener(hook="forgotten").id, by=ANNA)
    with pytest.raises(NotFound):
        listeners.send_test(engine, "0" * 32, by=ANNA)
    with pytest.raises(Refused):
        listeners.send_test(engine, make_listener().id, by=ANNA, payload={"name": float("nan")})


def test_a_listener_is_found_by_what_it_asks_now(any_engine):
    made = listeners.create(any_engine, "person", Wanted(url=URL, filter=Filter({"name": "Joe"})), by=ANNA)
    assert made.listener.access_key == 'is:name="Joe"'

    listeners.change(any_engine, made.listener.id, Wanted(url=URL, filter=Filter({})), by=ANNA)

    assert one(any_engine, Listener, made.listener.id).access_key == "*"
    assert all("access_key" not in str(entry.after) for entry in rows(any_engine, AuditEntry))
