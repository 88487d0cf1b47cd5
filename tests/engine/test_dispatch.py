"""Does every event get its deliveries once, and are their ids queued as far as there is room?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine import QueueUnreachable
from webhooks_app.engine import dispatch as module
from webhooks_app.engine.dispatch import EVENTS_AT_ONCE, dispatch
from webhooks_app.match import Filter, Is
from webhooks_app.storage.models import Delivery, Event, State


def deliveries(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(Delivery).order_by(Delivery.id)).all()


def make_events(engine, count, **columns):
    with engine.sessions.begin() as session:
        rows = [{"hook": "person", "body": '{"name":"Joe"}', "created_at": engine.clock(), **columns}] * count
        session.execute(sa.insert(Event), rows)


def test_an_event_becomes_one_delivery_for_each_listener_that_wants_it(
    engine, make_event, make_listener, queue, clock
):
    event = make_event()
    first, second = make_listener(), make_listener(filter=Filter({"name": Is("Joe")}))
    make_listener(filter=Filter({"name": Is("Jim")}))
    make_listener(hook="order")

    assert dispatch(engine) == 1

    rows = deliveries(engine)
    assert [row.listener_id for row in rows] == [first.id, second.id]
    assert queue.pushed == [[row.id for row in rows]]
    for row in rows:
        assert (row.event_id, row.hook, row.status, row.reason) == (event.id, "person", "pending", "")
        assert row.due_at == row.queued_at == row.created_at == clock()
        assert (row.tries, row.attempt_count, row.crashes, row.alone) == (0, 0, 0, False)


def test_an_event_is_dispatched_once(engine, make_event, make_listener):
    make_event()
    make_listener()

    assert [dispatch(engine), dispatch(engine)] == [1, 0]
    assert len(deliveries(engine)) == 1


def test_an_event_that_nobody_wants_is_dispatched_too(engine, make_event, queue):
    event = make_event()

    assert dispatch(engine) == 1
    assert queue.pushed == []
    with engine.sessions() as session:
        assert session.get_one(Event, event.id).dispatched_at == engine.clock()


def test_an_event_of_a_hook_that_is_no_longer_registered_reaches_its_listeners(
    engine, make_event, make_listener
):
    make_event(hook="gone")
    make_listener(hook="gone")
    dispatch(engine)

    assert [row.status for row in deliveries(engine)] == ["pending"]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"state": State.PAUSED}, "The listener is paused."),
        ({"state": State.DISABLED}, "The listener is disabled."),
        ({"filter": {"name": {"resembles": 1}}}, "The filter could not be evaluated: "),
    ],
)
def test_what_cannot_go_now_is_held_and_not_queued(engine, make_event, make_listener, queue, columns, reason):
    make_event()
    make_listener(**columns)
    dispatch(engine)

    [row] = deliveries(engine)
    assert row.status == "held"
    assert row.reason.startswith(reason)
    assert row.queued_at is None
    assert queue.pushed == []


def test_the_bell_is_answered_before_the_events_are_read(engine, queue, make_event):
    queue.ring()
    dispatch(engine)
    queue.ring()

    assert queue.rings == 2


def test_without_a_queue_everything_is_written_and_nothing_counts_as_queued(
    engine, make_event, make_listener, queue
):
    make_event()
    make_listener()
    queue.is_down = True

    assert dispatch(engine) == 1
    assert [row.queued_at for row in deliveries(engine)] == [None]


def test_a_backlog_is_dispatched_in_rounds(engine, make_listener, queue):
    make_listener()
    make_events(engine, EVENTS_AT_ONCE + 1)

    assert dispatch(engine) == EVENTS_AT_ONCE + 1
    assert len(deliveries(engine)) == EVENTS_AT_ONCE + 1


def test_several_dispatchers_at_once_write_each_delivery_once(any_engine):
    factories.make_listener(any_engine)
    factories.make_listener(any_engine)
    make_events(any_engine, 600)

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: dispatch(any_engine), range(4)))

    assert sum(done) == 600
    rows = deliveries(any_engine)
    assert len(rows) == len({(row.event_id, row.listener_id) for row in rows}) == 1200
    assert sorted(any_engine.queue.pushed_ids) == sorted(row.id for row in rows)


# What goes wrong


def test_an_event_that_breaks_a_filter_is_held_there_and_reaches_the_others(
    engine, make_event, make_listener, monkeypatch, caplog
):
    broken, other = make_listener(filter=Filter({"name": Is("Joe")})), make_listener()
    make_event()

    def accepts(filter_, *_) -> bool:
        if filter_.conditions:
            raise ZeroDivisionError
        return True

    monkeypatch.setattr(Filter, "accepts", accepts)
    assert dispatch(engine) == 1

    held, sent = deliveries(engine)
    assert (held.listener_id, held.status) == (broken.id, "held")
    assert held.reason == "The filter could not be evaluated: ZeroDivisionError"
    assert (sent.listener_id, sent.status) == (other.id, "pending")
    assert "could not be matched" in caplog.text


def test_what_the_queue_does_not_take_is_not_said_to_stand_in_it(engine, make_event, make_listener, queue):
    make_event()
    make_listener()

    class LosesPushes(type(queue)):
        def push(self, batches, *, slow=False):
            raise QueueUnreachable

    dispatch(replace(engine, queue=LosesPushes()))

    [row] = deliveries(engine)
    assert (row.status, row.queued_at) == ("pending", None)


def test_an_event_that_meets_a_busy_database_is_dispatched_with_the_next_try(
    engine, make_event, make_listener, caplog
):
    make_event()
    make_listener()
    fails = iter([True, True, False])

    def begin():
        if next(fails, False):
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        return engine.sessions.begin()

    assert dispatch(replace(engine, sessions=SimpleNamespace(begin=begin))) == 1
    assert caplog.text.count("is tried again") == 2


# Events with many listeners


def commits(engine) -> list[int]:
    """How many deliveries stand after each commit of `engine` from here on."""
    found: list[int] = []

    @sa.event.listens_for(engine.sessions.kw["bind"], "commit")
    def note(connection):
        found.append(connection.exec_driver_sql("SELECT count(*) FROM webhooks_deliveries").scalar())

    return found


def test_a_transaction_writes_no_more_deliveries_than_it_should(engine, make_listener):
    listeners = 200
    for _ in range(listeners):
        make_listener()
    make_events(engine, 120)
    after = commits(engine)

    assert dispatch(engine) == 120

    written = [now - before for before, now in pairwise([0, *after])]
    assert sum(written) == 120 * listeners
    assert max(written) == module.MOST_DELIVERIES
    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Event.dispatched_at.is_(None))) == 0


def test_after_events_with_many_listeners_it_claims_many_at_once_again(engine, make_listener):
    for _ in range(200):
        make_listener()
    make_events(engine, 60)
    make_events(engine, 600, hook="nobody listens", created_at=engine.clock() + timedelta(seconds=1))
    after = commits(engine)

    assert dispatch(engine) == 660
    assert len(after) < 10


def test_a_job_that_takes_too_long_ends_and_rings_for_the_rest(engine, make_listener, queue):
    make_listener()
    make_events(engine, EVENTS_AT_ONCE + 1)

    assert dispatch(engine, seconds=0) == 0
    assert queue.rings == 1


def test_of_chosen_events_all_are_dispatched_however_many_listeners_they_have(
    engine, make_event, make_listener
):
    for _ in range(200):
        make_listener()
    ids = [make_event().id for _ in range(60)]

    assert len(module.dispatch_events(engine, ids)) == 12_000
