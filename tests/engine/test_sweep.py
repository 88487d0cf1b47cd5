"""Does the queue agree with the database again, whatever was lost?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine import QueueUnreachable
from webhooks_app.engine.claim import claim
from webhooks_app.engine.sweep import Swept, sweep
from webhooks_app.storage.models import Attempt, Delivery, Status


def row_of(engine, delivery) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


def attempts(engine) -> list[Attempt]:
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Attempt).order_by(Attempt.number)))


def test_a_quiet_system_is_left_alone(engine, queue, make_delivery):
    for status in (Status.DELIVERED, Status.FAILED, Status.HELD, Status.CANCELLED):
        make_delivery(status=status)

    assert sweep(engine) == Swept()
    assert (queue.rings, queue.pushed) == (0, [])


# Events whose doorbell was lost


def test_an_event_that_waits_longer_than_a_second_is_rung_for_again(engine, make_event, queue, clock):
    make_event()
    clock.tick(1)
    assert not sweep(engine).rang

    clock.tick(0.001)
    assert sweep(engine).rang
    assert queue.rings == 1


def test_a_ring_whose_job_was_lost_is_rung_anew_only_when_the_queue_is_empty(
    engine, make_event, queue, clock
):
    make_event()
    queue.ring()
    clock.tick(5)
    queue.pushed.append(["something"])
    sweep(engine)
    assert queue.rings == 1  # the job may stand in the queue

    queue.pushed.clear()
    sweep(engine)
    assert queue.rings == 2


# Deliveries that are due and not queued


def test_what_is_due_is_queued_once(engine, make_delivery, queue, clock):
    due = make_delivery(status=Status.RETRYING)
    make_delivery(status=Status.RETRYING, due_at=clock() + timedelta(seconds=1))

    assert [sweep(engine).queued, sweep(engine).queued] == [1, 0]
    assert queue.pushed == [[due.id]]
    assert row_of(engine, due).queued_at == clock()


def test_what_has_waited_longest_is_queued_first(engine, make_delivery, queue, clock):
    deliveries = [make_delivery(due_at=clock() - timedelta(seconds=seconds)) for seconds in (1, 3, 2)]
    sweep(engine)

    assert queue.pushed_ids == [deliveries[place].id for place in (1, 2, 0)]


def test_no_more_is_queued_than_there_is_room_for(engine, make_delivery, queue):
    make_delivery()
    queue.pushed = [["x"]] * 100

    assert sweep(engine).queued == 0
    queue.pushed.pop()
    assert sweep(engine).queued == 1


@pytest.mark.parametrize(
    ("waiting", "seconds", "queued"),
    [
        (0, 1, 0),  # a worker may just have taken the job
        (0, 2.001, 1),  # the queue is empty, so it lost it
        (1, 2.001, 0),
        (1, 299, 0),
        (1, 301, 1),  # too long for any queue
    ],
)
def test_what_is_queued_and_never_comes_is_queued_again(
    engine, make_delivery, queue, clock, waiting, seconds, queued
):
    make_delivery(queued_at=clock())
    queue.pushed = [["another"]] * waiting
    clock.tick(seconds)

    assert sweep(engine).queued == queued


def test_what_the_queue_does_not_take_does_not_stand_in_it(engine, make_delivery, queue, transport):
    class LosesPushes(type(queue)):
        def push(self, batches, *, slow=False):
            raise QueueUnreachable

    delivery = make_delivery()
    assert sweep(replace(engine, queue=LosesPushes())).inline

    with engine.sessions() as session:  # so that the sweep could deliver it at once
        assert session.get_one(Delivery, delivery.id).status == "delivered"


def test_after_the_queue_was_wiped_everything_is_queued_at_once(engine, make_delivery, queue, clock):
    delivery = make_delivery(queued_at=clock())
    queue.pushed = [["the first that came after"]]
    queue.is_wiped = True

    assert sweep(engine).queued == 1
    assert queue.pushed_ids[-1] == delivery.id


# Two at once


def test_two_sweeps_at_once_do_everything_once(any_engine, clock):
    lost = [factories.make_delivery(any_engine) for _ in range(20)]
    claim(any_engine, [one.id for one in lost])
    clock.tick(3600)
    due = [factories.make_delivery(any_engine) for _ in range(20)]
    factories.make_event(any_engine)
    clock.tick(2)

    with ThreadPoolExecutor(2) as threads:
        swept = list(threads.map(lambda _: sweep(any_engine), range(2)))

    assert sum(one.rescued for one in swept) == 20
    assert sorted(any_engine.queue.pushed_ids) == sorted(one.id for one in (*lost, *due))
    assert len(attempts(any_engine)) == 20


def test_that_the_queue_was_wiped_is_known_until_the_database_knows_it_too(
    engine, make_delivery, queue, clock
):
    delivery = make_delivery(queued_at=clock())
    queue.pushed = [["the first that came after"]]
    queue.is_wiped = True
    busy = sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    class Busy:
        def __getattr__(self, _name):
            raise busy

    with pytest.raises(sa.exc.OperationalError):
        sweep(replace(engine, sessions=Busy()))

    assert sweep(engine).queued == 1
    assert queue.pushed_ids[-1] == delivery.id
    assert not queue.is_wiped
