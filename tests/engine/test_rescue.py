"""Are claims whose lease has ended taken from their lost workers, and each told from an ill delivery?"""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery
from webhooks_app.engine import rescue as module
from webhooks_app.engine.beginning import begin
from webhooks_app.engine.claim import claim
from webhooks_app.engine.rescue import WORKER_LOST, rescue
from webhooks_app.engine.sweep import Swept, sweep
from webhooks_app.storage.models import Attempt, Delivery, Status


def row_of(engine, delivery) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


def attempts(engine) -> list[Attempt]:
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Attempt).order_by(Attempt.number)))


@pytest.fixture
def crash(engine, clock):
    """A worker claims these deliveries together, dies, and is found out."""

    def crash(*deliveries):
        worker = replace(engine, worker_name="the late worker")
        assert claim(worker, [one.id for one in deliveries])
        clock.tick(3600)
        return sweep(engine)

    return crash


def test_a_lost_workers_attempt_is_closed_and_its_delivery_goes_on_alone(
    engine, make_delivery, queue, clock, crash
):
    one, other = make_delivery(), make_delivery()
    claimed_at = clock()

    assert crash(one, other) == Swept(queued=2, rescued=2)

    assert sorted(queue.pushed) == sorted([[one.id], [other.id]])  # a job each
    row = row_of(engine, one)
    assert (row.status, row.reason, row.last_error_class) == ("retrying", WORKER_LOST, "worker_lost")
    assert (row.alone, row.crashes, row.tries, row.attempt_count) == (True, 0, 0, 1)  # no retry was used up
    assert (row.lease_token, row.lease_until, row.lease_owner) == (None, None, None)
    assert row.due_at == clock()
    attempt = next(each for each in attempts(engine) if each.delivery_id == one.id)
    assert (attempt.number, attempt.started_at) == (1, claimed_at)
    assert (attempt.error_class, attempt.error, attempt.worker) == (
        "worker_lost",
        WORKER_LOST,
        "the late worker",
    )


def test_more_lost_deliveries_than_are_taken_at_once_are_all_rescued(
    engine, make_delivery, clock, monkeypatch
):
    monkeypatch.setattr(module, "RESCUED_AT_ONCE", 2)
    for _ in range(5):
        make_delivery(status=Status.SENDING)
    clock.tick(1)

    assert rescue(engine) == 5
    assert rescue(engine) == 0


def test_a_lease_that_still_runs_is_left_alone(engine, make_delivery, clock):
    delivery = make_delivery()
    claim(engine, [delivery.id])
    clock.tick(60)  # fifteen seconds for the attempt, and the margin

    assert rescue(engine) == 0
    clock.tick(0.001)
    assert rescue(engine) == 1


def test_a_delivery_that_kills_its_worker_three_times_while_alone_fails(engine, make_delivery, crash):
    poison = make_delivery()
    innocent = make_delivery()
    crash(poison, innocent)
    assert row_of(engine, innocent).crashes == 0

    seen = []
    for _ in range(3):
        crash(poison)
        seen.append((row_of(engine, poison).status, row_of(engine, poison).crashes))

    assert seen == [("retrying", 1), ("retrying", 2), ("failed", 3)]
    row = row_of(engine, poison)
    assert row.reason == "Stopped after 3 worker crashes."
    assert row.finished_at == engine.clock()
    assert [each.number for each in attempts(engine) if each.delivery_id == poison.id] == [1, 2, 3, 4]
    assert row_of(engine, innocent).status == "retrying"


# What the lost worker never began


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        ({}, "pending"),
        ({"status": "retrying", "attempt_count": 2, "tries": 1, "last_status_code": 500}, "retrying"),
        ({"alone": True, "crashes": 2}, "pending"),  # it cannot have killed this one, too
    ],
)
def test_what_never_began_goes_back_as_it_was_and_is_no_attempt(any_engine, clock, columns, status):
    kept = ("attempt_count", "tries", "alone", "crashes", "reason", "last_status_code", "last_error_class")
    delivery = make_delivery(any_engine, **columns)
    before = row_of(any_engine, delivery)
    claim(any_engine, [delivery.id], begins=False)
    clock.tick(3600)

    assert rescue(any_engine) == 1

    row = row_of(any_engine, delivery)
    assert {name: getattr(row, name) for name in kept} == {name: getattr(before, name) for name in kept}
    assert (row.status, row.lease_token, row.lease_until, row.lease_owner) == (status, None, None, None)
    assert attempts(any_engine) == []
    assert len(claim(any_engine, [delivery.id])) == 1


def test_of_a_lost_worker_for_slow_listeners_only_what_was_in_flight_is_an_attempt(any_engine, clock):
    began, waited = make_delivery(any_engine), make_delivery(any_engine)
    claimed = claim(any_engine, [began.id, waited.id], begins=False)
    assert begin(any_engine, next(one for one in claimed if one.id == began.id), now=clock.tick(2))
    began_at = clock()
    clock.tick(3600)

    assert rescue(any_engine) == 2

    [attempt] = attempts(any_engine)
    assert (attempt.delivery_id, attempt.started_at, attempt.error) == (began.id, began_at, WORKER_LOST)
    assert [row_of(any_engine, one).attempt_count for one in (began, waited)] == [1, 0]
