"""Does what is old enough go, in small pieces, and nothing that is not finished?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_attempt
from webhooks_app.engine.retention import (
    FEWEST_AT_ONCE,
    MOST_AT_ONCE,
    Pace,
    Pruned,
    goes_at,
    prune,
    would_prune,
)
from webhooks_app.engine.transport import MAX_BODY_BYTES
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Attempt, Delivery, Event, Status
from webhooks_app.storage.people import Idempotency, SignInLink

DAY = timedelta(days=1)


@pytest.fixture
def engine(any_engine):
    """What is deleted is the same on both databases."""
    return any_engine


def left(engine, model) -> set[str]:
    with engine.sessions() as session:
        return set(session.scalars(sa.select(model.id)))


def contents(engine) -> list[tuple]:
    with engine.sessions() as session:
        rows = session.scalars(sa.select(Attempt).order_by(Attempt.started_at))
        return [(row.request_headers, row.response_headers, row.response_body) for row in rows]


@pytest.fixture
def old(engine, clock, make_delivery):
    """A delivery with an attempt, that was made so many days ago and ended (if it did) at once."""

    def made(days: float, status: str = Status.DELIVERED, **columns) -> Delivery:
        now = clock()
        clock.now = now - days * DAY
        delivery = make_delivery(status=status, **columns)
        make_attempt(engine, delivery)
        clock.now = now
        return delivery

    return made


@pytest.mark.parametrize(
    "status, days, goes",
    [
        ("delivered", 29.9, False),
        ("delivered", 30.1, True),
        ("cancelled", 30.1, True),
        ("failed", 30.1, False),  # somebody may still want to mend it
        ("failed", 89.9, False),
        ("failed", 90.1, True),
        ("pending", 400, False),
        ("sending", 400, False),
        ("retrying", 400, False),
        ("held", 400, False),
    ],
)
def test_a_delivery_goes_when_it_has_ended_long_enough_ago(engine, old, status, days, goes):
    delivery = old(days, status)

    pruned = prune(engine)

    assert (pruned.deliveries, pruned.events) == ((1, 1) if goes else (0, 0))
    assert left(engine, Delivery) == (set() if goes else {delivery.id})
    assert left(engine, Event) == (set() if goes else {delivery.event_id})
    assert len(left(engine, Attempt)) == (0 if goes else 1)


def test_an_event_stays_as_long_as_one_of_its_deliveries(engine, old, make_delivery):
    gone = old(31)
    with engine.sessions() as session:
        event = session.get_one(Event, gone.event_id)
    kept = make_delivery(event=event, status="held")

    assert prune(engine) == Pruned(deliveries=1)
    assert left(engine, Delivery) == {kept.id}


def test_an_event_that_nobody_wanted_goes_and_one_that_waits_stays(engine, clock, make_event):
    dispatched = make_event(created_at=clock() - 31 * DAY, dispatched_at=clock() - 31 * DAY)
    waiting = make_event(created_at=clock() - 31 * DAY)
    young = make_event(created_at=clock() - 29 * DAY, dispatched_at=clock())

    assert prune(engine) == Pruned(events=1)
    assert left(engine, Event) == {waiting.id, young.id} != {dispatched.id}


@pytest.mark.parametrize(
    "status, days, cleared",
    [
        ("delivered", 6.9, False),
        ("delivered", 7.1, True),
        ("failed", 7.1, True),
        ("held", 7.1, False),  # it is still to be sent, and whoever mends it wants to see why it was refused
        ("retrying", 7.1, False),
    ],
)
def test_what_was_sent_and_answered_goes_first(engine, old, status, days, cleared):
    old(days, status)

    assert prune(engine) == Pruned(bodies=1 if cleared else 0)

    [content] = contents(engine)
    assert (content == (None, None, None)) is cleared
    assert prune(engine).bodies == 0


def test_an_attempt_that_was_cleared_is_told_from_one_of_a_lost_worker(engine, old):
    old(8)
    make_attempt(engine, old(8), number=2, error_class="worker_lost", request_headers=None, status_code=None)
    prune(engine)

    with engine.sessions() as session:
        found = session.execute(sa.select(Attempt).order_by(Attempt.number)).scalars()
        assert [attempt.is_cleared for attempt in found] == [True, True, False]


def test_a_dry_run_tells_the_same_and_deletes_nothing(engine, old):
    for days, status in ((31, "delivered"), (91, "failed"), (8, "failed"), (400, "held")):
        old(days, status)

    told = would_prune(engine)

    assert told == Pruned(deliveries=2, events=2, bodies=1)
    assert len(left(engine, Delivery)) == 4
    assert prune(engine) == told


def test_more_than_a_window_of_rows_goes_in_pieces_and_what_is_kept_between_stays(
    engine, clock, make_listener
):
    long_ago, listener = clock() - 60 * DAY, make_listener()
    event_ids = [new_id() for _ in range(2_300)]
    rows = [
        {"id": new_id(), "event_id": event_id, "listener_id": listener.id, "hook": "person", "due_at": long_ago,
         "created_at": long_ago, "finished_at": long_ago, "status": "failed" if number % 10 == 0 else "delivered"}
        for number, event_id in enumerate(event_ids)
    ]  # fmt: skip
    with engine.sessions.begin() as session:
        session.execute(sa.insert(Event), [
            {"id": event_id, "hook": "person", "body": "{}", "created_at": long_ago, "dispatched_at": long_ago}
            for event_id in event_ids
        ])  # fmt: skip
        session.execute(sa.insert(Delivery), rows)
    pauses: list[float] = []

    assert prune(engine, pace=Pace(pauses.append)) == Pruned(deliveries=2_070, events=2_070)

    assert len(left(engine, Delivery)) == len(left(engine, Event)) == 230
    assert len(pauses) >= 2 * 2_070 / MOST_AT_ONCE


def test_it_stops_when_it_is_told_to_and_goes_on_the_next_time(engine, old):
    old(31)
    answers = iter([False])

    assert prune(engine, goes_on=lambda: next(answers, False)) == Pruned()
    assert prune(engine).deliveries == 1


def test_a_transaction_that_took_long_is_followed_by_a_smaller_one():
    pace = Pace(lambda seconds: None)

    pace.took(0.08)
    assert pace.at_once == MOST_AT_ONCE // 2
    for _ in range(20):
        pace.took(0.08)
    assert pace.at_once == FEWEST_AT_ONCE
    for _ in range(20):
        pace.took(0.001)
    assert pace.at_once == MOST_AT_ONCE


def test_a_transaction_deletes_a_few_megabytes_at_most(engine, old):
    for _ in range(MOST_AT_ONCE + 1):
        old(31)
    pauses: list[float] = []

    assert prune(engine, pace=Pace(pauses.append)).deliveries == MOST_AT_ONCE + 1

    assert len(pauses) >= 2 * 2  # deliveries, then their events
    assert MOST_AT_ONCE * MAX_BODY_BYTES < 8 * 1024**2


def test_a_delivery_that_is_reopened_meanwhile_stays(engine, old):
    delivery = old(91, "failed")

    def reopen() -> bool:
        with engine.sessions.begin() as session:
            session.execute(sa.update(Delivery).values(status="pending", finished_at=None))
        return True

    assert prune(engine, goes_on=reopen).deliveries == 0
    assert left(engine, Delivery) == {delivery.id}


def test_expired_keys_and_links_are_forgotten(engine, clock, make_user):
    user = make_user()
    with engine.sessions.begin() as session:
        for number, expires_at in enumerate((clock() - DAY, clock() + DAY)):
            session.add(SignInLink(token_hash=str(number), user_id=user.id, expires_at=expires_at))
            session.add(Idempotency(
                token_id="t", route="r", key=str(number), body_hash="", answer=None, expires_at=expires_at
            ))  # fmt: skip

    prune(engine)

    with engine.sessions() as session:
        assert session.scalars(sa.select(SignInLink.token_hash)).all() == ["1"]
        assert session.scalars(sa.select(Idempotency.key)).all() == ["1"]


@pytest.mark.parametrize(
    "status, days", [("delivered", 30), ("failed", 90), ("cancelled", 30), ("held", None), ("retrying", None)]
)
def test_a_page_can_say_until_when_a_delivery_is_kept(engine, clock, make_delivery, status, days):
    delivery = make_delivery(status=status)

    goes = goes_at(delivery, engine.settings)

    assert goes == (clock() + days * DAY if days else None)
