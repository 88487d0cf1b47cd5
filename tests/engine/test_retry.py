"""What follows an attempt? The whole schedule, without waiting for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import mean

import pytest

from tests.build import settings_for
from tests.fakes import answered
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.retry import (
    LONGEST_WAIT,
    Disable,
    Done,
    GiveUp,
    Retry,
    Schedule,
    next_step,
    retry_after,
    schedule_for,
    timeout_for,
    wait_after,
)
from webhooks_app.event import Hook

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DEFAULT = Schedule(
    tuple(timedelta(seconds=one) for one in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
)


def seconds(*waits: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=one) for one in waits)


def step(outcome, *, tries=1, schedule=DEFAULT, chance=0.5):
    return next_step(outcome, tries=tries, now=NOW, schedule=schedule, chance=chance)


def wait(outcome, *, tries=1, schedule=DEFAULT, chance=0.5):
    return wait_after(outcome, tries=tries, now=NOW, schedule=schedule, chance=chance).total_seconds()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status):
    assert step(answered(status)) == Done()


def test_410_disables_the_listener_even_at_the_last_attempt():
    assert step(answered(410)) == Disable("The receiver answered 410 Gone.")
    assert step(answered(410), tries=10) == Disable("The receiver answered 410 Gone.")


@pytest.mark.parametrize("status", [301, 304, 400, 401, 404, 409, 418, 422, 500, 501, 599])
def test_every_other_answer_is_retried(status):
    assert step(answered(status)) == Retry(NOW + timedelta(seconds=5))


@pytest.mark.parametrize(
    "error_class",
    ["ip_not_public", "dns_failure", "connect_refused", "tls_error", "protocol_error", "internal"],
)
def test_no_answer_is_retried(error_class):
    assert step(Outcome(error_class=error_class)) == Retry(NOW + timedelta(seconds=5))


def test_the_schedule_has_one_attempt_more_than_waits():
    at = [step(answered(500), tries=tries) for tries in range(1, 11)]

    assert [one.at - NOW for one in at[:9]] == list(DEFAULT.waits)
    assert at[9] == GiveUp("All 10 attempts failed.")


def test_an_empty_schedule_means_one_attempt():
    assert step(answered(500), schedule=Schedule((), chosen=True)) == GiveUp("The only attempt failed.")


@pytest.mark.parametrize(
    "outcome", [answered(one) for one in (429, 502, 503, 504)], ids=lambda one: one.error_class
)
def test_an_overloaded_receiver_gets_a_minute_to_breathe(outcome):
    assert wait(outcome) == 60
    assert wait(outcome, tries=2) == 300  # longer than a minute anyway


@pytest.mark.parametrize("error_class", ["connect_timeout", "read_timeout", "deadline"])
def test_a_timeout_waits_a_minute_too(error_class):
    assert wait(Outcome(error_class=error_class)) == 60


def test_a_schedule_that_somebody_chose_counts_as_it_is():
    chosen = Schedule(seconds(1), chosen=True)

    assert wait(answered(503), schedule=chosen) == 1
    assert wait(Outcome(error_class="deadline"), schedule=chosen) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("  120 ", 120),
        ("1e9", 86400),  # a day is the longest
        ("-1", None),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("", None),
        ("soon", None),
        ("1, 2", None),
        ("Mon, 02 Mar 2026 09:31:00 GMT", 60),  # IMF-fixdate
        ("Monday, 02-Mar-26 09:31:00 GMT", 60),  # RFC 850, as RFC 9110 §5.6.7 still asks to read it
        ("Mon Mar  2 09:31:00 2026", 60),  # asctime
        ("Mon, 02 Mar 2026 10:31:00 +0100", 60),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),  # over already: no wait, and no error
        ("Mon, 99 Mar 2026 09:31:00 GMT", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),  # no calendar goes that far
        ("Mon, 02 Mar 2026 09:31:00 +9999999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86400),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
    ],
)
def test_what_retry_after_asks_for(value, expected):
    asked = retry_after((("Retry-After", value),), now=NOW)

    if expected is None:
        assert asked is None
    else:
        assert min(asked, LONGEST_WAIT).total_seconds() == pytest.approx(expected)


def test_the_first_of_two_retry_after_headers_counts():
    headers = (("date", "x"), ("retry-after", "7"), ("Retry-After", "3600"))

    assert retry_after(headers, now=NOW) == timedelta(seconds=7)


def test_retry_after_lengthens_a_wait_and_never_shortens_it():
    assert wait(answered(500, headers=[("retry-after", "3600")])) == 3600
    assert wait(answered(500, headers=[("retry-after", "1")])) == 5
    assert wait(answered(429, headers=[("retry-after", "7")])) == 60
    assert (
        wait(answered(429, headers=[("retry-after", "7")]), schedule=Schedule(seconds(1), chosen=True)) == 7
    )


def test_no_wait_is_longer_than_a_day():
    assert wait(answered(500, headers=[("retry-after", "1e9")])) == 86400
    assert wait(answered(500), tries=9, chance=0.999) == 86400


def test_the_jitter_spreads_retries_evenly_over_a_fifth_each_way():
    dice = Random(42)

    drawn = [wait(answered(500), tries=2, chance=dice.random()) for _ in range(10_000)]

    assert 240 <= min(drawn) < 241
    assert 359 < max(drawn) < 360
    assert mean(drawn) == pytest.approx(300, abs=2)
    tenths = [sum(240 + 12 * n <= one < 252 + 12 * n for one in drawn) for n in range(10)]
    assert min(tenths) > 850  # a thousand each, if it is even
    assert max(tenths) < 1150


def test_the_listener_goes_before_the_hook_and_the_hook_before_the_setting(tmp_path):
    settings = settings_for(tmp_path, WEBHOOKS_RETRY_SCHEDULE="1s,2s", WEBHOOKS_TIMEOUT_SECONDS="9")
    hook = Hook(name="a", retry="3s,4s", timeout=7)

    assert schedule_for("5s", hook, settings) == Schedule(seconds(5), chosen=True)
    assert schedule_for(None, hook, settings) == Schedule(seconds(3, 4), chosen=True)
    assert schedule_for(None, Hook(name="b"), settings) == Schedule(seconds(1, 2), chosen=True)
    assert [timeout_for(2.5, hook, settings), timeout_for(None, hook, settings)] == [2.5, 7]
    assert timeout_for(None, Hook(name="b"), settings) == 9


def test_the_built_in_schedule_counts_as_chosen_by_nobody(tmp_path):
    assert schedule_for(None, Hook(name="a"), settings_for(tmp_path)) == DEFAULT


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"retry": False}, Schedule((), chosen=True)),
        ({"retry": True}, DEFAULT),
        ({"retry": [1, 2.5]}, Schedule(seconds(1, 2.5), chosen=True)),
        ({"retry": [timedelta(minutes=1)]}, Schedule(seconds(60), chosen=True)),
        ({"retry": ["5s", "5m"]}, Schedule(seconds(5, 300), chosen=True)),
        ({"retry": ""}, Schedule((), chosen=True)),
        ({"max_retries": 2}, Schedule(DEFAULT.waits[:2])),
        ({"max_retries": 0}, Schedule(())),
        ({"retry": "1s,3s", "max_retries": 4}, Schedule(seconds(1, 3, 3, 3), chosen=True)),
        ({"retry": False, "max_retries": 4}, Schedule((), chosen=True)),
    ],
    ids=str,
)
def test_what_a_hook_says_of_retries(tmp_path, attributes, expected):
    assert schedule_for(None, Hook(name="a", **attributes), settings_for(tmp_path)) == expected


def test_an_empty_schedule_of_the_listener_means_one_attempt(tmp_path):
    assert schedule_for("", Hook(name="a"), settings_for(tmp_path)) == Schedule((), chosen=True)


def test_a_hook_that_is_no_longer_registered_leaves_it_to_the_settings(tmp_path):
    settings = settings_for(tmp_path)

    assert schedule_for(None, None, settings) == DEFAULT
    assert timeout_for(None, None, settings) == 15
