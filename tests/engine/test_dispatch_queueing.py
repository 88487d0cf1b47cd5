"""Which deliveries of a dispatch are made in its own job, which are queued, and which wait in the database?"""

from __future__ import annotations

import pytest

from tests.engine.test_dispatch import deliveries, make_events
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.queueing import BATCH, JOBS_IN_QUEUE
from webhooks_app.engine.sweep import sweep


def test_ids_travel_in_batches(engine, make_listener, queue):
    make_listener()
    make_events(engine, 2 * BATCH + 50)
    dispatch(engine)

    assert [len(batch) for batch in queue.pushed] == [BATCH, BATCH, 50]


def test_what_a_few_events_bring_is_delivered_in_the_same_job(engine, make_listener, queue):
    make_listener()
    make_events(engine, 3)
    given = []
    dispatch(engine, deliver=given.append)

    assert given == [[row.id for row in deliveries(engine)]]
    assert queue.pushed == []
    assert not any(row.queued_at for row in deliveries(engine))  # for they never stand in it


def test_what_a_job_was_about_to_deliver_when_it_died_is_found_by_the_next_sweep(
    engine, make_listener, queue
):
    """However much else stands in the queue."""
    make_listener()
    make_events(engine, 3)
    with pytest.raises(KeyboardInterrupt):
        dispatch(engine, deliver=die)
    queue.pushed = [["another"]]

    assert sweep(engine).queued == 3


def die(_ids):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("events", "in_queue"),
    [
        (BATCH + 1, 0),  # other workers can take their share
        (1, JOBS_IN_QUEUE),  # a backlog stands in the database, and these belong behind it
    ],
)
def test_what_more_of_them_bring_is_queued_or_waits(engine, make_listener, queue, events, in_queue):
    make_listener()
    queue.pushed = [["x"]] * in_queue
    make_events(engine, events)
    given = []
    dispatch(engine, deliver=given.append)

    assert given == []
    assert bool(queue.pushed[in_queue:]) is not bool(in_queue)


def test_what_the_queue_has_no_room_for_stays_in_the_database(engine, make_listener, queue):
    make_listener()
    queue.pushed = [["x"]] * (JOBS_IN_QUEUE - 1)
    make_events(engine, BATCH + 20)
    dispatch(engine)

    assert [len(batch) for batch in queue.pushed[JOBS_IN_QUEUE - 1 :]] == [BATCH]
    rows = deliveries(engine)
    assert [row.id for row in rows if row.queued_at] == queue.pushed[-1]
    assert [row.queued_at for row in rows[BATCH:]] == [None] * 20
