"""What travels to a queue, and what waits in the database because a queue does not take it?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.queueing import BATCH, JOBS_IN_QUEUE, SLOW_LATER, in_batches, push, room_for_jobs
from webhooks_app.storage.models import Delivery


def row_of(engine, delivery) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (BATCH, [BATCH]), (BATCH + 1, [BATCH, 1])])
def test_ids_are_cut_into_jobs(count, sizes):
    assert [len(batch) for batch in in_batches(["a"] * count)] == sizes


def test_a_queue_holds_so_many_jobs_and_none_while_it_does_not_answer(engine, queue):
    queue.pushed = [["x"]] * (JOBS_IN_QUEUE - 1)
    assert room_for_jobs(engine) == 1

    queue.pushed = [["x"]] * (JOBS_IN_QUEUE + 1)
    assert room_for_jobs(engine) == 0

    queue.pushed, queue.is_down = [], True
    assert room_for_jobs(engine) == 0


@pytest.mark.parametrize("slow", [True, False])
def test_what_a_queue_takes_stands_in_it(engine, make_delivery, queue, clock, slow):
    delivery = make_delivery(queued_at=clock())

    push(engine, [delivery.id], slow=slow)

    assert (queue.pushed_slow if slow else queue.pushed) == [[delivery.id]]
    assert row_of(engine, delivery).queued_at == clock()


def test_what_a_queue_that_is_away_does_not_take_is_due_at_once(engine, make_delivery, queue, clock):
    delivery = make_delivery(queued_at=clock())
    queue.is_down = True

    push(engine, [delivery.id])

    row = row_of(engine, delivery)
    assert (row.queued_at, row.due_at) == (None, delivery.due_at)


@pytest.mark.parametrize("is_down", [True, False])  # or it has no room
def test_what_the_slow_queue_does_not_take_waits_longer(engine, make_delivery, queue, clock, is_down):
    """Due at once it would be the oldest, taken before all others and given back again."""
    queue.pushed_slow, queue.is_down = [["x"]] * JOBS_IN_QUEUE, is_down
    delivery = make_delivery(queued_at=clock())

    push(engine, [delivery.id], slow=True)

    assert queue.pushed_slow == [["x"]] * JOBS_IN_QUEUE
    row = row_of(engine, delivery)
    assert (row.queued_at, row.due_at) == (None, clock() + SLOW_LATER)
