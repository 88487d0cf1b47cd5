"""Can a person have any delivery tried again that did not arrive, and give up any that waits?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_listener
from webhooks_app.engine import intervene
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.claim import GONE
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.holding import hold_waiting
from webhooks_app.engine.intervene import BEING_SENT, DELIVERED, MOST_AT_ONCE, UNKNOWN, Retried
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.errors import Conflict, NotFound, Refused
from webhooks_app.storage.models import Delivery, State, Status
from webhooks_app.storage.people import AuditEntry

ANNA = Actor("anna@example.com")


def stored(engine, delivery):
    with engine.sessions() as session:
        return session.get(Delivery, delivery.id)


def entries(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(AuditEntry)).all()


@pytest.mark.parametrize("status", ["failed", "cancelled", "held", "retrying", "pending"])
def test_a_delivery_that_did_not_arrive_is_tried_again_at_once(any_engine, queue, clock, status):
    later = clock() + timedelta(hours=1)
    delivery = make_delivery(any_engine, status=status, attempt_count=3, tries=3, due_at=later, reason="Why.")

    given = intervene.retry(any_engine, delivery.id, by=ANNA)

    found = stored(any_engine, delivery)
    assert (found.status, found.reason, found.due_at, found.finished_at) == ("retrying", "", clock(), None)
    assert (found.tries, found.queued_at) == (3, clock())
    assert queue.pushed == [[delivery.id]]
    assert given.listener.url


def test_a_delivery_without_an_attempt_is_pending_again(any_engine):
    delivery = make_delivery(any_engine, status=Status.HELD)

    assert intervene.retry(any_engine, delivery.id, by=ANNA).status == "pending"


def test_a_delivered_one_is_replayed_and_not_retried(any_engine):
    delivery = make_delivery(any_engine, status=Status.DELIVERED)

    with pytest.raises(Conflict) as conflict:
        intervene.retry(any_engine, delivery.id, by=ANNA)

    assert str(conflict.value) == "This delivery was delivered. Use replay to send its event again."


@pytest.mark.parametrize("verb", [intervene.retry, intervene.cancel])
def test_what_is_being_sent_is_left_to_its_worker(any_engine, verb):
    delivery = make_delivery(any_engine, status=Status.SENDING)

    with pytest.raises(Conflict, match="being sent"):
        verb(any_engine, delivery.id, by=ANNA)


def test_nothing_is_sent_to_a_deleted_listener(any_engine, clock):
    gone = make_listener(any_engine, deleted_at=clock())
    delivery = make_delivery(any_engine, listener=gone, status=Status.CANCELLED)

    with pytest.raises(Conflict, match="deleted"):
        intervene.retry(any_engine, delivery.id, by=ANNA)
    assert intervene.retry_many(any_engine, [delivery.id], by=ANNA) == Retried(0, {GONE: 1})


@pytest.mark.parametrize("state", [State.PAUSED, State.DISABLED])
def test_one_delivery_is_retried_although_its_listener_stands_still(any_engine, transport, state):
    stopped = make_listener(any_engine, state=state)
    held, other = (
        make_delivery(any_engine, listener=stopped, status=Status.HELD, reason="x") for _ in range(2)
    )
    transport.will_answer(500)

    assert intervene.retry(any_engine, held.id, by=ANNA).status == "pending"
    hold_in_the_meantime(any_engine, stopped)
    deliver_batch(any_engine, [held.id, other.id], patience=ENDLESS)

    assert len(transport.sent) == 1
    assert (stored(any_engine, held).status, stored(any_engine, other).status) == ("retrying", "held")
    # Once, and not ever after.
    any_engine.clock.tick(3600)
    deliver_batch(any_engine, [held.id], patience=ENDLESS)
    assert len(transport.sent) == 1
    assert stored(any_engine, held).status == "held"


def hold_in_the_meantime(engine, listener):
    """The sweep goes on holding what waits for it."""
    with engine.sessions.begin() as session:
        hold_waiting(session, listener.id, State(listener.state), now=engine.clock())


@pytest.mark.parametrize("state", [State.PAUSED, State.DISABLED, State.FAILING])
def test_those_that_a_person_chose_are_sent_although_their_listener_stands_still(
    any_engine, transport, state
):
    stopped = make_listener(any_engine, state=state)
    one, two, other = (
        make_delivery(any_engine, listener=stopped, status=Status.HELD, reason="x") for _ in range(3)
    )
    transport.will_answer(200, 500)

    assert intervene.retry_many(any_engine, [one.id, two.id], by=ANNA) == Retried(2, {})
    hold_in_the_meantime(any_engine, stopped)
    deliver_batch(any_engine, [one.id, two.id, other.id], patience=ENDLESS)

    assert len(transport.sent) == 2
    assert sorted(stored(any_engine, each).status for each in (one, two)) == ["delivered", "retrying"]
    assert stored(any_engine, other).status == "held"


@pytest.mark.parametrize("verb", [intervene.retry, intervene.cancel])
def test_an_unknown_delivery_is_not_found(any_engine, verb):
    with pytest.raises(NotFound):
        verb(any_engine, "0" * 32, by=ANNA)


def test_a_retry_that_the_queue_does_not_take_is_kept(any_engine, queue):
    queue.is_down = True
    delivery = make_delivery(any_engine, status=Status.FAILED)

    intervene.retry(any_engine, delivery.id, by=ANNA)

    found = stored(any_engine, delivery)
    assert (found.status, found.queued_at) == ("pending", None)


@pytest.mark.parametrize("status", ["pending", "retrying", "held"])
def test_what_waits_can_be_given_up(any_engine, clock, status):
    delivery = make_delivery(any_engine, status=status)

    intervene.cancel(any_engine, delivery.id, by=ANNA)

    found = stored(any_engine, delivery)
    assert (found.status, found.reason) == ("cancelled", "Cancelled by anna@example.com.")
    assert found.finished_at == clock()


@pytest.mark.parametrize("status", ["delivered", "failed", "cancelled"])
def test_what_has_ended_cannot_be_given_up(any_engine, status):
    delivery = make_delivery(any_engine, status=status)

    with pytest.raises(Conflict, match="ended"):
        intervene.cancel(any_engine, delivery.id, by=ANNA)


def test_of_many_those_are_retried_that_can_be(any_engine, clock):
    statuses = ("failed", "held", "delivered", "sending", "cancelled")
    rows = {status: make_delivery(any_engine, status=status) for status in statuses}
    ids = [*(row.id for row in rows.values()), "0" * 32, rows["failed"].id]

    retried = intervene.retry_many(any_engine, ids, by=ANNA)

    assert retried == Retried(3, {DELIVERED: 1, BEING_SENT: 1, UNKNOWN: 1})

    assert stored(any_engine, rows["failed"]).status == "pending"
    assert stored(any_engine, rows["delivered"]).status == "delivered"
    assert stored(any_engine, rows["sending"]).lease_token
    entry = entries(any_engine)[0]
    assert (len(entries(any_engine)), entry.after["count"]) == (1, 3)


def test_a_thousand_are_retried_at_once_and_one_more_is_refused(any_engine):
    delivery = make_delivery(any_engine, status=Status.FAILED)
    unknown = [f"{number:032x}" for number in range(MOST_AT_ONCE)]

    with pytest.raises(Refused) as refused:
        intervene.retry_many(any_engine, [delivery.id, *unknown], by=ANNA)

    assert str(refused.value) == "id: At most 1,000 deliveries can be retried at once; 1,001 were chosen."
    assert stored(any_engine, delivery).status == "failed"
    assert entries(any_engine) == []
    # Each counts once, however often it is named.
    many = [delivery.id, *unknown[1:], delivery.id]
    assert intervene.retry_many(any_engine, many, by=ANNA) == Retried(1, {UNKNOWN: 999})


def test_many_that_are_retried_keep_to_the_rate_of_their_listener(any_engine, clock, transport):
    slow = make_listener(any_engine, rate_limit_per_second=2)
    ids = [make_delivery(any_engine, listener=slow, status=Status.FAILED).id for _ in range(7)]
    sent = []

    intervene.retry_many(any_engine, ids, by=ANNA)
    for _ in range(4):
        deliver_batch(any_engine, ids, patience=ENDLESS)
        sent.append(len(transport.sent))
        clock.tick(1)

    assert sent == [2, 4, 6, 7]


def test_retrying_nothing_leaves_no_trace(any_engine):
    assert intervene.retry_many(any_engine, [], by=ANNA) == Retried(0, {})
    assert entries(any_engine) == []


def test_each_intervention_is_audited(any_engine):
    delivery = make_delivery(any_engine, status=Status.FAILED)
    intervene.retry(any_engine, delivery.id, by=ANNA)
    intervene.cancel(any_engine, delivery.id, by=ANNA)

    assert sorted((entry.act, entry.before["status"]) for entry in entries(any_engine)) == [
        ("cancel", "pending"),
        ("retry", "failed"),
    ]
