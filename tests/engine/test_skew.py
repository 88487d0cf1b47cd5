"""Is a host whose clock differs from the database's told so, and no other one?"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from webhooks_app.engine import skew

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("theirs", "after", "ahead"),
    [
        (0, 0, None),
        (5, 0, None),
        (5.1, 0, -5.1),
        (-5.1, 0, 5.1),
        (30, 2, -29),  # read half-way
        (6.9, 2, None),  # so long under way, the clocks may agree to five seconds
        (7.1, 2, -6.1),
        (10, 20, None),
    ],
)
def test_what_the_way_to_the_database_may_explain_is_no_difference(theirs, after, ahead):
    found = skew.skew(NOON, at(theirs), at(after))

    assert found == (None if ahead is None else timedelta(seconds=ahead))


@pytest.mark.parametrize(("seconds", "way"), [(60, "ahead of"), (-60, "behind")])
def test_a_database_with_a_clock_of_its_own_is_asked(any_engine, on_postgresql, seconds, way):
    span = timedelta(seconds=seconds)
    with any_engine.readings() as session:
        told = skew.sentence(session, clock=lambda: database_moment(session, on_postgresql) + span)

    if not on_postgresql:
        assert told == ""
        return
    found = re.match(rf"The clock of this host is (\d+) s {way} the database's\.", told)
    assert 30 < int(found[1]) < 90  # a machine that stalls meanwhile measures less exactly


def test_while_they_agree_nothing_is_said(any_engine, on_postgresql):
    with any_engine.readings() as session:
        assert skew.sentence(session, clock=lambda: database_moment(session, on_postgresql)) == ""


def test_it_is_logged_where_a_process_starts(any_engine, on_postgresql, caplog):
    skew.warn(any_engine)  # whose clock stands, long ago

    assert ("behind the database's" in caplog.text) is on_postgresql


def test_a_database_that_is_away_is_nobodys_other_time(any_engine, caplog):
    def away():
        raise sa.exc.OperationalError("SELECT", {}, Exception("connection refused"))

    with caplog.at_level(logging.WARNING):
        skew.warn(replace(any_engine, readings=away))

    assert caplog.text == ""


@pytest.fixture
def on_postgresql(any_engine) -> bool:
    return any_engine.sessions.kw["bind"].dialect.name == "postgresql"


def database_moment(session, on_postgresql) -> datetime:
    return session.scalar(sa.text("SELECT clock_timestamp()")) if on_postgresql else NOON
