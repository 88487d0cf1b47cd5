"""Is a synchronous hook's event delivered here and now, with the rows that a worker would write?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from tests.patience import PATIENCE
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch_events
from webhooks_app.engine.firsthand import NOT_KNOWN_YET, deliver_firsthand
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.storage.models import Attempt, Delivery, Event, State


def statuses(engine):
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Delivery.status).order_by(Delivery.id)))


def test_the_first_attempt_is_made_and_recorded_in_this_process(engine, make_event, make_listener, transport):
    event = make_event()
    make_listener(url="http://127.0.0.1:9/one")
    make_listener(url="http://127.0.0.1:9/two")

    assert deliver_firsthand(engine, [event.id]) == []

    assert sorted(message.url[-3:] for message in transport.sent) == ["one", "two"]
    assert statuses(engine) == ["delivered", "delivered"]
    with engine.sessions() as session:
        assert [row.worker for row in session.scalars(sa.select(Attempt))] == ["tests", "tests"]
        assert session.get_one(Event, event.id).dispatched_at == engine.clock()


def test_each_failure_is_told_in_a_sentence_with_its_url(engine, make_event, make_listener, transport):
    event = make_event()
    make_listener(url="http://127.0.0.1:9/gone")
    make_listener(url="http://127.0.0.1:9/away")
    transport.will_answer(410, at="http://127.0.0.1:9/gone")
    transport.will_fail("dns_failure", "The name does not resolve.", at="http://127.0.0.1:9/away")

    assert deliver_firsthand(engine, [event.id]) == [
        "http://127.0.0.1:9/gone: The receiver answered 410 Gone.",
        "http://127.0.0.1:9/away: The name does not resolve.",
    ]
    assert statuses(engine) == ["failed", "retrying"]


def test_nobody_listening_is_no_failure(engine, make_event):
    assert deliver_firsthand(engine, [make_event().id]) == []


def test_an_event_that_is_gone_or_dispatched_already_is_passed_over(
    engine, make_event, make_listener, transport
):
    make_listener()
    dispatched = make_event(dispatched_at=engine.clock())

    assert deliver_firsthand(engine, [dispatched.id, "0" * 32]) == []
    assert transport.sent == []


def test_what_is_held_because_its_listener_is_paused_is_no_failure(
    engine, make_event, make_listener, transport
):
    make_listener(state=State.PAUSED)

    assert deliver_firsthand(engine, [make_event().id]) == []
    assert statuses(engine) == ["held"]
    assert transport.sent == []


def test_what_a_rate_leaves_for_later_is_no_failure(engine, make_event, make_listener, transport):
    make_listener(rate_limit_per_second=1)

    assert deliver_firsthand(engine, [make_event().id, make_event().id]) == []
    assert sorted(statuses(engine)) == ["delivered", "pending"]


def test_more_events_than_a_dispatch_takes_at_once_are_all_delivered(engine, make_listener, transport):
    make_listener()
    with engine.sessions.begin() as session:
        events = [Event(hook="person", body="{}", created_at=engine.clock()) for _ in range(510)]
        session.add_all(events)
    deliver_firsthand(engine, [event.id for event in events])

    assert len(transport.sent) == 510


def test_what_a_worker_took_first_is_waited_for(engine, make_event, make_listener, transport):
    event = make_event()
    make_listener(url="http://127.0.0.1:9/bad")
    transport.will_answer(500)
    taken = dispatch_events(engine, [event.id])

    with ThreadPoolExecutor(1) as worker:
        telling = worker.submit(deliver_firsthand, engine, [event.id], wait_seconds=PATIENCE)
        deliver_batch(engine, taken, patience=ENDLESS)

        assert telling.result(PATIENCE) == ["http://127.0.0.1:9/bad: The receiver answered 500."]
    assert len(transport.sent) == 1


def test_what_is_not_known_in_time_is_said_to_be_so(engine, make_event, make_listener):
    event = make_event()
    make_listener(url="http://127.0.0.1:9/one")
    dispatch_events(engine, [event.id])

    assert deliver_firsthand(engine, [event.id]) == [f"http://127.0.0.1:9/one: {NOT_KNOWN_YET}"]
