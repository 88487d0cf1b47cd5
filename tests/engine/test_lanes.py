"""How many sends to one listener may be in flight after each answer?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.lanes import LATE_SECONDS, WHEN_LATE, Lane, next_limit


@pytest.mark.parametrize(
    ("limit", "most", "seconds", "timed_out", "expected"),
    [
        (8, 8, 0.2, False, 8),  # good, and already at its most
        (3, 8, 0.2, False, 4),  # each good answer gives one back
        (3, 8, 1.0, False, 4),  # a second is still good
        (8, 8, 1.1, False, 2),  # late
        (1, 8, 1.1, False, 1),  # late after a timeout: no widening
        (1, 1, 1.1, False, 1),
        (8, 8, 15.0, True, 1),  # no answer in time
        (8, 8, 0.1, True, 1),
        (8, 2, 0.1, False, 2),  # somebody lowered the listener's own limit
    ],
)
def test_the_limit_after_an_answer(limit, most, seconds, timed_out, expected):
    assert next_limit(limit, most=most, seconds=seconds, timed_out=timed_out) == expected


def test_a_listener_that_recovers_is_back_at_its_most_after_seven_good_answers():
    limit = next_limit(8, most=8, seconds=15, timed_out=True)
    for _ in range(7):
        limit = next_limit(limit, most=8, seconds=0.1, timed_out=False)

    assert limit == 8


def test_a_lane_is_slow_while_an_answer_is_late_that_has_not_come():
    lane = Lane(8)
    lane.began[1] = 100.0
    lane.in_flight = WHEN_LATE

    assert not lane.is_slow(100.0 + LATE_SECONDS)
    assert lane.has_room(100.0 + LATE_SECONDS)
    assert lane.is_slow(100.1 + LATE_SECONDS)
    assert not lane.has_room(100.1 + LATE_SECONDS)


def test_what_got_ready_before_its_lane_was_late_waits_behind_two():
    lane = Lane(8)
    lane.began[1] = 100.0
    assert not lane.must_wait(110.0)

    lane.began[2] = 109.9
    assert not lane.must_wait(100.5)
    assert lane.must_wait(110.0)


def test_an_answer_that_came_soon_leaves_a_lane_as_good_as_new():
    lane = Lane(8)
    lane.has_answered(most=8, seconds=0.2, timed_out=False)
    assert not lane.was_slow

    lane.has_answered(most=8, seconds=0.2, timed_out=True)
    assert lane.was_slow
    for _ in range(7):
        lane.has_answered(most=8, seconds=0.2, timed_out=False)
    assert not lane.was_slow
