"""Are the waits between attempts read as they are written, and refused where they mean nothing?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from webhooks_app.schedule import parse_schedule, waits_of, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s,5m", [5, 300]),
        ("90", [90]),  # bare numbers are seconds
        ("1d 2h", [86400, 7200]),
        ("0.5s", [0.5]),
        ("", []),
    ],
)
def test_a_schedule_is_read(text, seconds):
    assert [wait.total_seconds() for wait in parse_schedule(text)] == seconds


@pytest.mark.parametrize("text", ["-5s", "5 s", "5s;5m", "1e3", "9" * 400, "1s," * 51, "²s"])
def test_a_schedule_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r"^must be"):
        parse_schedule(text)


@pytest.mark.parametrize("text", ["5s, 5m, 2h", "90s, 90m, 24h", "0s, 1.5s", ""])
def test_waits_are_written_as_they_are_read(text):
    assert written(parse_schedule(text)) == text


def test_code_may_give_a_list():
    given = [5, 2.5, timedelta(minutes=1), "2h"]

    assert [wait.total_seconds() for wait in waits_of(given)] == [5, 2.5, 60, 7200]
    assert waits_of("5s,5m") == waits_of(("5s", "5m"))
    assert waits_of([]) == ()


@pytest.mark.parametrize(
    "given",
    [
        None,
        0,
        [-5],
        [90_000],
        [float("nan")],
        [float("inf")],
        [True],  # a number to Python
        [object()],
        ["5s", "5x"],
        [1] * 51,
        (wait for wait in [1]),  # could be read once only
    ],
)
def test_a_list_that_is_no_schedule_is_refused(given):
    with pytest.raises(ValueError, match=r"^must be"):
        waits_of(given)
