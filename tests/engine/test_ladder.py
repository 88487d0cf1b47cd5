"""Does a row of failed attempts lead to the right step at the right moment? Five days, told without waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from webhooks_app.engine.ladder import (
    Disable,
    Fail,
    Health,
    Probe,
    Recover,
    Wait,
    Warn,
    after_failure,
    after_late_success,
    after_success,
    look_at,
    next_step,
    probe_wait,
)
from webhooks_app.storage.models import State

BEGAN = datetime(2026, 3, 2, 8, 50, tzinfo=UTC)
ERROR = "The receiver answered 500 Internal Server Error."
MIDDLE = 0.5  # the chance that adds no jitter


def at(**span: float) -> datetime:
    return BEGAN + timedelta(**span)


def failed(count: int, *, deliveries: int = 3, until: datetime | None = None, **more: object) -> Health:
    """So many failed attempts, the first when it began."""
    known = tuple(f"d{number}" for number in range(min(deliveries, 3)))
    health = Health(count, known, BEGAN, until or at(minutes=2), ERROR)
    return replace(health, **more)


def step(health: Health, state: str = State.ACTIVE, *, now: datetime | None = None, chance: float = MIDDLE):
    return next_step(health, state, since=BEGAN, now=now or at(minutes=2), chance=chance)


@pytest.mark.parametrize(
    ("count", "deliveries", "seconds", "fails"),
    [
        (10, 3, 60, True),
        (9, 3, 3600, False),  # one attempt too few
        (10, 2, 3600, False),  # it may be the deliveries that are ill
        (10, 3, 59, False),  # a restart of the receiver lasts as long
        (5000, 3, 59, False),  # however many there are at once
    ],
)
def test_a_listener_is_failing_after_ten_attempts_of_three_deliveries_over_a_minute(
    count, deliveries, seconds, fails
):
    health = failed(count, deliveries=deliveries, until=at(seconds=seconds))

    assert isinstance(step(health, now=at(hours=1)), Fail) is fails


def test_the_reason_tells_how_many_since_when_and_what_came_last():
    taken = step(failed(10))

    assert taken == Fail(
        "10 attempts in a row failed since 2026-03-02 08:50 UTC; "
        "the last: The receiver answered 500 Internal Server Error.",
        probe_at=at(minutes=3),
    )


@pytest.mark.parametrize(
    ("failed_probes", "minutes"),
    [(0, 1), (1, 2), (2, 4), (3, 8), (4, 15), (5, 30), (6, 60), (7, 60), (99, 60)],
)
def test_the_waits_for_the_probes_grow_to_an_hour(failed_probes, minutes):
    assert probe_wait(failed_probes, chance=0.5) == timedelta(minutes=minutes)
    assert probe_wait(failed_probes, chance=0.0) == timedelta(minutes=minutes) * 0.8
    assert probe_wait(failed_probes, chance=0.999999) < timedelta(minutes=minutes) * 1.2


def test_a_probe_that_failed_is_followed_by_a_longer_wait():
    health = failed(10, is_failing=True, probe_id="d7", probe_at=at(minutes=8))

    later = after_failure(health, delivery_id="d7", error=ERROR, is_gone=False, now=at(minutes=4))

    assert (later.failures, later.probes, later.probe_id) == (11, 1, None)
    assert look_at(later, now=at(minutes=4)) == at(minutes=4)
    taken = step(later, State.FAILING, now=at(minutes=4))
    assert isinstance(taken, Wait)
    assert taken.probe_at == at(minutes=6)
    assert taken.reason.startswith("11 attempts in a row failed")


def test_another_attempt_that_was_in_flight_is_no_probe():
    health = failed(10, is_failing=True, probe_at=at(minutes=3))

    later = after_failure(health, delivery_id="d8", error=ERROR, is_gone=False, now=at(minutes=2))

    assert (later.failures, later.probes, later.probe_at) == (11, 0, at(minutes=3))


@pytest.mark.parametrize(
    ("probe_id", "reason"), [(None, "its moment has come"), ("d7", "its outcome never came")]
)
def test_a_probe_goes_when_its_moment_has_come_and_again_when_it_was_lost(probe_id, reason):
    health = failed(10, is_failing=True, probe_id=probe_id, probe_at=at(minutes=3))

    assert step(health, State.FAILING, now=at(minutes=3, seconds=-1)) is None
    assert step(health, State.FAILING, now=at(minutes=3)) == Probe(), reason


def test_one_success_clears_everything():
    assert after_success(failed(19, warned_at=BEGAN)) == Health()


def test_a_success_that_is_known_late_clears_what_failed_before_it_and_nothing_newer():
    health = failed(19, until=at(minutes=2))

    assert after_late_success(health, ended_at=at(minutes=2)) == Health()
    assert after_late_success(health, ended_at=at(minutes=1)) == health
    assert after_late_success(Health(), ended_at=BEGAN) == Health()


def test_one_success_makes_a_failing_listener_active_whatever_fails_right_after():
    health = after_success(failed(300, is_failing=True, probes=9, probe_id="d1", warned_at=BEGAN))
    assert health == Health(is_failing=True, has_succeeded=True)

    later = after_failure(health, delivery_id="d5", error=ERROR, is_gone=False, now=at(hours=80))

    taken = step(later, State.FAILING, now=at(hours=80))
    assert taken == Recover(
        "The receiver took a delivery again. It had been failing since 2026-03-02 08:50 UTC."
    )


@pytest.mark.parametrize("state", [State.ACTIVE, State.FAILING])
def test_a_listener_is_warned_once_after_three_days_with_the_moment_it_will_be_disabled(state):
    health = failed(12, is_failing=state == State.FAILING, probe_at=at(hours=99), until=at(seconds=3))

    assert step(health, state, now=at(hours=72, seconds=-1)) is None
    taken = step(health, state, now=at(hours=72))
    assert isinstance(taken, Warn)
    assert taken.disabled_at == at(hours=120)
    assert taken.reason.startswith("No success for 72 hours: 12 attempts in a row failed")
    assert step(replace(health, warned_at=at(hours=72)), state, now=at(hours=73)) is None


def test_a_few_failures_of_long_ago_are_no_reason_to_warn():
    assert step(failed(3), now=at(hours=200)) is None


@pytest.mark.parametrize("state", [State.ACTIVE, State.FAILING])
@pytest.mark.parametrize(
    ("count", "hours", "disabled"),
    [(20, 120, True), (19, 120, False), (20, 119.99, False), (500, 200, True)],
)
def test_a_listener_is_disabled_after_five_days_and_twenty_failures(state, count, hours, disabled):
    health = failed(count, deliveries=2, is_failing=state == State.FAILING, warned_at=BEGAN)
    health = replace(health, probe_at=at(hours=1000))

    assert isinstance(step(health, state, now=at(hours=hours)), Disable) is disabled


def test_the_five_days_count_from_the_first_failure_after_the_last_success():
    health = after_success(failed(100))

    for hour in range(21):
        health = after_failure(health, delivery_id="d1", error=ERROR, is_gone=False, now=at(hours=100 + hour))

    assert health.first_failure_at == at(hours=100)
    assert step(replace(health, warned_at=BEGAN), now=at(hours=200)) is None


def test_410_disables_at_once_and_no_success_takes_it_back():
    health = after_failure(Health(), delivery_id="d1", error="Gone.", is_gone=True, now=BEGAN)

    assert step(after_success(health)) == Disable("The receiver answered 410 Gone.")
    assert look_at(health, now=BEGAN) == BEGAN


@pytest.mark.parametrize("state", [State.PAUSED, State.DISABLED])
def test_what_a_person_decided_stays(state):
    assert step(failed(900, is_gone=True), state, now=at(hours=500)) is None


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (failed(3), None),  # nothing comes by time alone
        (failed(4, until=BEGAN), at(hours=72)),  # the warning
        (failed(4, until=BEGAN, warned_at=BEGAN), None),
        (failed(25, deliveries=2, warned_at=BEGAN), at(hours=120)),  # the end
        (failed(10), at(minutes=2)),  # failing, now
        (failed(10, is_failing=True, probe_at=at(minutes=9)), at(minutes=9)),
        (failed(10, is_failing=True), at(minutes=2)),  # a probe has just failed
        (Health(is_failing=True, has_succeeded=True), at(minutes=2)),
    ],
)
def test_the_sweep_looks_when_something_is_to_be_done(health, expected):
    assert look_at(health, now=at(minutes=2)) == expected


def test_an_endless_error_is_cut():
    health = after_failure(Health(), delivery_id="d1", error="x" * 9000, is_gone=False, now=BEGAN)

    assert len(health.last_error) == 500
