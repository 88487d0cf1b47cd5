"""How many sends does a rate allow, over time and over several workers?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webhooks_app.engine.pacing import grant

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_second_s_worth_may_go_at_once():
    granted = grant(100, rate=10, next_at=None, now=NOW)

    assert granted.count == 10
    assert granted.next_at == NOW + timedelta(seconds=1)
    assert granted.interval == timedelta(seconds=0.1)


def test_fewer_are_wanted_than_allowed():
    granted = grant(3, rate=10, next_at=None, now=NOW)

    assert granted.count == 3
    assert granted.next_at == NOW + timedelta(seconds=0.3)


def test_what_another_worker_was_granted_counts():
    first = grant(100, rate=10, next_at=None, now=NOW)

    assert grant(100, rate=10, next_at=first.next_at, now=NOW).count == 0
    assert grant(100, rate=10, next_at=first.next_at, now=NOW + timedelta(seconds=0.5)).count == 5


def test_what_was_not_used_is_not_saved_up():
    assert grant(100, rate=10, next_at=NOW - timedelta(hours=1), now=NOW).count == 10


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.99])
def test_a_rate_below_one_a_second_sends_too(rate):
    first = grant(5, rate=rate, next_at=None, now=NOW)

    assert first.count == 1
    assert first.next_at == NOW + timedelta(seconds=1 / rate)
    assert grant(5, rate=rate, next_at=first.next_at, now=NOW + timedelta(seconds=0.5 / rate)).count == 0
    assert grant(5, rate=rate, next_at=first.next_at, now=first.next_at).count == 1


@pytest.mark.parametrize("rate", [0.5, 3, 7, 25, 1000])
def test_over_a_minute_the_rate_holds(rate):
    sent, next_at = 0, None
    for tick in range(600):
        granted = grant(10_000, rate=rate, next_at=next_at, now=NOW + timedelta(seconds=tick / 10))
        sent, next_at = sent + granted.count, granted.next_at

    assert sent == pytest.approx(60 * rate, abs=rate + 1)  # and the burst at its beginning


def test_after_a_quiet_while_no_more_than_twice_the_rate_goes_in_a_second():
    """As the documentation says: a second's worth at once, and then as fast as the rate."""
    sent, next_at = 0, None
    for tick in range(100):
        granted = grant(10_000, rate=10, next_at=next_at, now=NOW + timedelta(seconds=tick / 100))
        sent, next_at = sent + granted.count, granted.next_at

    assert 18 <= sent <= 20
