"""Is what waits for a stopped listener held as it is, and let go so slowly that a receiver can bear it?"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine import steps
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.holding import hold_waiting, release_held
from webhooks_app.engine.listeners import pause, resume
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Delivery, Listener, State, Status


def stored(engine, delivery):
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


def test_what_waits_is_held_and_has_used_up_nothing(any_engine, clock):
    listener = factories.make_listener(any_engine)
    tried = factories.make_delivery(
        any_engine, listener=listener, status=Status.RETRYING, tries=4, attempt_count=5, queued_at=clock()
    )

    with any_engine.sessions.begin() as session:
        assert hold_waiting(session, listener.id, State.FAILING, now=clock()) is None

    row = stored(any_engine, tried)
    assert (row.status, row.reason, row.queued_at) == ("held", "The listener is failing.", None)
    assert (row.tries, row.attempt_count) == (4, 5)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"test": True}, "a test goes to a stopped listener too"),
        ({"status": Status.SENDING}, "what is under way is recorded first"),
        ({"status": Status.FAILED}, "it has ended"),
        (
            {"status": Status.HELD, "reason": "The filter could not be evaluated: x"},
            "held for another reason",
        ),
    ],
)
def test_what_does_not_wait_for_the_listener_is_left_alone(any_engine, columns, why):
    delivery = factories.make_delivery(any_engine, **columns)

    with any_engine.sessions.begin() as session:
        hold_waiting(session, delivery.listener_id, State.DISABLED, now=any_engine.clock())

    assert stored(any_engine, delivery).status == delivery.status, why
    assert stored(any_engine, delivery).reason == delivery.reason


def test_what_was_held_for_another_state_says_the_present_one(any_engine):
    delivery = factories.make_delivery(any_engine, status=Status.HELD, reason="The listener is failing.")

    with any_engine.sessions.begin() as session:
        hold_waiting(session, delivery.listener_id, State.DISABLED, now=any_engine.clock())

    assert stored(any_engine, delivery).reason == "The listener is disabled."


@pytest.fixture
def backlog(any_engine, clock):
    """A listener for which so many deliveries are held, or wait; their ids tell their order."""

    def make(count: int, **columns: object) -> Listener:
        listener, event = factories.make_listener(any_engine), factories.make_event(any_engine)
        now = clock()
        rows = [
            {
                "id": f"{number:032x}", "event_id": event.id, "listener_id": listener.id, "hook": "person",
                "status": Status.HELD, "reason": "The listener is failing.", "replay_no": number,
                "tries": number % 2, "due_at": now, "created_at": now - timedelta(seconds=number),
            } | columns
            for number in range(count)
        ]  # fmt: skip
        with any_engine.sessions.begin() as session:
            session.execute(sa.insert(Delivery), rows)
        return listener

    return make


def test_what_is_held_is_let_go_fifty_a_second_the_oldest_first(any_engine, clock, backlog):
    listener, now = backlog(120), clock()

    with any_engine.sessions.begin() as session:
        assert release_held(session, listener.id, now=now) is None

    query = sa.select(Delivery.due_at, Delivery.created_at, Delivery.status).order_by(Delivery.due_at)
    with any_engine.sessions() as session:
        released = session.execute(query).all()
    a_second = Counter((row.due_at - now) // timedelta(seconds=1) for row in released)
    assert a_second == {0: 50, 1: 50, 2: 20}
    moments = [row.created_at for row in released]
    assert moments == sorted(moments)
    assert {row.status for row in released} == {"pending", "retrying"}


def test_ten_thousand_are_let_go_some_at_a_time_and_never_more_than_fifty_a_second(
    any_engine, clock, backlog
):
    listener, began = backlog(10_000), clock()
    with any_engine.sessions.begin() as session:
        session.get_one(Listener, listener.id).state = State.PAUSED
    resume(any_engine, listener.id, by=CODE)

    most_at_once = 0
    for _ in range(250):
        clock.tick(1)
        before = count(any_engine, Status.HELD)
        steps.take_due(any_engine)
        most_at_once = max(most_at_once, before - count(any_engine, Status.HELD))

    with any_engine.sessions() as session:
        moments = session.scalars(sa.select(Delivery.due_at)).all()
        assert session.get(ListenerHealth, listener.id) is None
    a_second = Counter((moment - began) // timedelta(seconds=1) for moment in moments)
    assert max(a_second.values()) == 50
    assert max(a_second) < 230
    assert (count(any_engine, Status.HELD), most_at_once) == (0, 1_000)


def test_a_large_backlog_is_held_some_at_a_time(any_engine, clock, backlog):
    listener = backlog(2_500, status=Status.RETRYING, reason="")

    pause(any_engine, listener.id, by=CODE)
    assert count(any_engine, Status.HELD) == 1_000
    for _ in range(3):
        clock.tick(1)
        steps.take_due(any_engine)

    assert count(any_engine, Status.HELD) == 2_500
    with any_engine.sessions() as session:
        assert session.get(ListenerHealth, listener.id) is None


def test_what_is_still_held_stays_so_if_the_listener_is_paused_meanwhile(any_engine, clock, backlog):
    listener = backlog(2_500)
    with any_engine.sessions.begin() as session:
        session.get_one(Listener, listener.id).state = State.PAUSED
    resume(any_engine, listener.id, by=CODE)
    pause(any_engine, listener.id, by=CODE)
    for _ in range(60):
        clock.tick(1)
        steps.take_due(any_engine)

    assert count(any_engine, Status.HELD) == 2_500


def count(engine, status: Status) -> int:
    with engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).where(Delivery.status == status))
