"""Is what a queue lost found by that queue's own length, whatever stands in the other one?"""

from __future__ import annotations

import pytest

from tests import factories
from webhooks_app.engine.queue_facts import QueueWorker
from webhooks_app.engine.queueing import JOBS_IN_QUEUE
from webhooks_app.engine.sweep import sweep
from webhooks_app.storage.models import Delivery

FULL = [["x"]] * JOBS_IN_QUEUE


@pytest.fixture
def slow_worker(queue):
    queue.seen_workers = [QueueWorker("one", "slow", "busy")]


@pytest.mark.parametrize(
    ("slow", "waiting", "waiting_slow", "seconds", "queued"),
    [
        (False, 0, 1, 2, 0),  # a worker may just have taken the job
        (False, 0, 1, 2.001, 1),  # its queue is empty, whatever stands in the other one
        (False, 1, 0, 299, 0),
        (False, 1, 0, 301, 1),  # too long for any queue
        (True, 1, 0, 2.001, 1),
        (True, 0, 1, 299, 0),
        (True, 0, 1, 301, 1),
    ],
)
def test_each_queue_is_judged_on_its_own_length(
    any_engine, clock, queue, slow_worker, slow, waiting, waiting_slow, seconds, queued
):
    delivery = factories.make_delivery(any_engine, queued_at=clock(), slow=slow)
    queue.pushed, queue.pushed_slow = [["x"]] * waiting, [["x"]] * waiting_slow
    clock.tick(seconds)

    assert sweep(any_engine).queued == queued
    pushed = queue.pushed_slow[waiting_slow:] if slow else queue.pushed[waiting:]
    assert pushed == [[delivery.id]] * queued


def test_what_is_queued_again_is_judged_by_the_queue_it_is_in_now(any_engine, clock, queue):
    delivery = factories.make_delivery(any_engine, queued_at=clock(), slow=True)
    clock.tick(3)

    assert sweep(any_engine).queued == 1  # among the quick ones, as there is no worker for slow receivers
    with any_engine.sessions() as session:
        row = session.get_one(Delivery, delivery.id)
    assert (row.slow, row.queued_at) == (False, clock())
    assert (queue.pushed, queue.pushed_slow) == ([[delivery.id]], [])


def test_what_is_not_queued_goes_to_the_quick_ones_wherever_it_stood(engine, make_delivery, queue):
    delivery = make_delivery(slow=True)
    queue.pushed_slow = FULL[:1]

    assert sweep(engine).queued == 1
    assert queue.pushed == [[delivery.id]]


def test_no_more_slow_jobs_are_queued_than_there_is_room_for(
    engine, make_delivery, queue, clock, slow_worker
):
    make_delivery(queued_at=clock(), slow=True)
    queue.pushed_slow = list(FULL)
    clock.tick(301)

    assert sweep(engine).queued == 0
    assert queue.pushed_slow == FULL


def test_without_a_worker_for_slow_listeners_the_others_deliver_what_waits_for_it(
    engine, make_delivery, queue, clock
):
    delivery = make_delivery(queued_at=clock(), slow=True)
    queue.pushed_slow.append([delivery.id])
    queue.seen_workers = [QueueWorker("one", "deliveries", "idle")]
    clock.tick(301)

    assert sweep(engine).queued == 1
    assert queue.pushed_ids == [delivery.id]
