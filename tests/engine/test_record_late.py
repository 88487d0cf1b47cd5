"""What becomes of an outcome that is hard to keep: its lease lost, the database away, or not to be written?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.fakes import answered
from webhooks_app.engine.claim import claim
from webhooks_app.engine.record import Finished, record
from webhooks_app.engine.rescue import rescue
from webhooks_app.storage.models import Attempt, Delivery, Listener


@pytest.fixture
def finished(engine, make_delivery, clock):
    """Claim a fresh delivery and say that its attempt ended like this."""

    def finish(outcome=None, *, delivery=None):
        [claimed] = claim(engine, [(delivery or make_delivery()).id])
        return Finished(claimed, None, outcome or answered(200), clock())

    return finish


def row_of(engine, one: Finished) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, one.claimed.id)


def attempts_of(engine, one: Finished) -> list[Attempt]:
    query = sa.select(Attempt).where(Attempt.delivery_id == one.claimed.id).order_by(Attempt.number)
    with engine.sessions() as session:
        return list(session.scalars(query))


def test_an_answer_after_the_rescue_is_kept_in_the_lost_attempt_and_moves_nothing(engine, finished, clock):
    one = finished(answered(500))
    clock.tick(3600)
    rescue(engine)
    before = row_of(engine, one)
    record(engine, [one])

    row = row_of(engine, one)
    assert (row.status, row.tries, row.attempt_count) == ("retrying", 0, 1)
    assert row.due_at == before.due_at
    [attempt] = attempts_of(engine, one)
    assert (attempt.number, attempt.error_class, attempt.status_code) == (1, "superseded", 500)
    assert attempt.error.endswith("came back after its lease: answered 500.")


def test_what_was_accepted_late_is_delivered_and_not_sent_again(engine, finished, clock):
    one = finished(answered(200))
    clock.tick(3600)
    rescue(engine)
    record(engine, [one])

    row = row_of(engine, one)
    assert (row.status, row.finished_at, row.last_status_code) == ("delivered", clock(), 200)
    assert (row.tries, row.attempt_count, row.alone, row.last_error_class) == (1, 1, False, None)
    assert [each.error_class for each in attempts_of(engine, one)] == ["superseded"]
    assert claim(engine, [one.claimed.id]) == []


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_after_another_worker_claimed_it_leaves_that_claim_alone(engine, finished, clock, status):
    late = finished(answered(status))
    clock.tick(3600)
    rescue(engine)
    [again] = claim(engine, [late.claimed.id])
    record(engine, [late])

    row = row_of(engine, late)
    assert (row.status, row.lease_token) == ("sending", again.token)
    record(engine, [Finished(again, None, answered(200), clock())])
    assert row_of(engine, late).status == "delivered"
    assert [(each.number, each.error_class) for each in attempts_of(engine, late)] == [
        (1, "superseded"),
        (2, None),
    ]


def test_a_late_410_disables_nobody(engine, finished, clock):
    one = finished(answered(410))
    clock.tick(3600)
    rescue(engine)
    record(engine, [one])

    with engine.sessions() as session:
        assert session.get_one(Listener, one.claimed.listener.listener_id).state == "active"


def test_recording_twice_changes_nothing_the_second_time(engine, finished):
    one = finished(answered(500))
    record(engine, [one])
    before = row_of(engine, one).due_at
    record(engine, [one])

    assert row_of(engine, one).due_at == before
    assert len(attempts_of(engine, one)) == 1


class _FailsAtFirst:
    """A sessionmaker whose database is away the first few times."""

    def __init__(self, sessions, times: int) -> None:
        self._sessions, self._times = sessions, times

    def begin(self):
        if self._times:
            self._times -= 1
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        return self._sessions.begin()


def test_a_database_that_is_busy_is_asked_again(engine, finished):
    one = finished(answered(200))
    record(replace(engine, sessions=_FailsAtFirst(engine.sessions, 3)), [one])

    assert row_of(engine, one).status == "delivered"


def test_a_database_that_stays_away_is_waited_for_no_longer_than_the_lease(engine, finished, clock):
    one = finished(answered(200))
    clock.now = one.claimed.lease_until
    away = _FailsAtFirst(engine.sessions, 1)
    with pytest.raises(sa.exc.OperationalError):
        record(replace(engine, sessions=away), [one])

    record(replace(engine, sessions=away), [one])
    assert row_of(engine, one).status == "delivered"


UNWRITABLE = (("x-odd", object()),)  # no transport gives this; whatever cannot be written fails alike


@pytest.mark.parametrize(
    ("status", "becomes", "error_class"), [(500, "retrying", "internal"), (200, "delivered", None)]
)
def test_what_cannot_be_written_spoils_nobody_elses_outcome(
    engine, finished, caplog, status, becomes, error_class
):
    good, other = finished(answered(200)), finished(answered(204))
    bad = finished(replace(answered(status), response_headers=UNWRITABLE))
    record(engine, [good, bad, other])

    assert [row_of(engine, one).status for one in (good, bad, other)] == ["delivered", becomes, "delivered"]
    [attempt] = attempts_of(engine, bad)
    assert (attempt.status_code, attempt.error_class) == (status, error_class)
    assert (attempt.request_headers, attempt.response_headers) == ([], [])
    assert f"The attempt 1 of the delivery {bad.claimed.id} cannot be written." in caplog.text


@pytest.mark.parametrize(
    "unwritable",
    [
        {"response_headers": (("x-odd", object()),)},  # the JSON encoder
        {"error": "\ud800"},  # the driver's encoding
        {"status_code": 2**70},  # the driver's numbers
    ],
)
def test_whatever_the_driver_refuses_counts_as_unwritable(engine, finished, unwritable):
    good, bad = finished(answered(200)), finished(replace(answered(500), **unwritable))
    with suppress(sa.exc.StatementError, OverflowError, UnicodeError):
        record(engine, [good, bad])

    assert row_of(engine, good).status == "delivered"


def test_an_error_of_ours_is_no_answer_that_cannot_be_written(engine, finished):
    class Broken:
        def begin(self):
            raise LookupError("a row of a table of ours")

    with pytest.raises(LookupError):
        record(replace(engine, sessions=Broken()), [finished()])


def test_an_alarm_while_recording_comes_through(engine, finished):
    class Alarm(Exception):
        """As RQ raises it."""

    class Rings:
        def begin(self):
            raise Alarm

    with pytest.raises(Alarm):
        record(replace(engine, sessions=Rings()), [finished()])
