"""Is each delivery claimed by one process only, and what must not go put aside with its reason?"""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import factories
from tests.build import build_engine
from tests.patience import PATIENCE
from webhooks_app.engine.claim import claim
from webhooks_app.engine.sealing import Seal
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Delivery, Event, Listener, State, Status


def stored(engine, delivery_id) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery_id)


def test_what_is_claimed_is_leased_with_a_token_of_its_own(engine, make_delivery, make_listener, clock):
    slow = make_listener(timeout_seconds=40)
    one = make_delivery(queued_at=clock())
    other = make_delivery(listener=slow)

    claimed = claim(engine, [one.id, other.id])

    assert [each.id for each in claimed] == [one.id, other.id]
    assert len({each.token for each in claimed}) == 1
    row = stored(engine, one.id)
    assert (row.status, row.lease_token, row.lease_owner) == ("sending", claimed[0].token, "tests")
    assert (
        row.lease_until == clock() + timedelta(seconds=40) + engine.lease_margin
    )  # the longest of the batch
    assert row.leased_at == clock()
    assert row.queued_at is None


def test_a_claim_carries_all_that_sending_needs(engine, make_event, make_delivery, clock):
    event = make_event(payload={"name": "Joe"}, dispatched_at=clock())
    delivery = make_delivery(
        event=event, status=Status.RETRYING, attempt_count=3, tries=2, replay_no=1, test=True
    )

    [claimed] = claim(engine, [delivery.id])

    assert (claimed.event_id, claimed.hook, claimed.body) == (event.id, "person", '{"name":"Joe"}')
    assert claimed.event_created_at == event.created_at
    assert (claimed.attempt, claimed.tries) == (4, 2)
    assert (claimed.replay, claimed.test) == (True, True)
    assert claimed.listener.keys


@pytest.mark.parametrize(
    "status", [Status.SENDING, Status.DELIVERED, Status.FAILED, Status.HELD, Status.CANCELLED]
)
def test_what_does_not_wait_is_passed_over(engine, make_delivery, status):
    delivery = make_delivery(status=status)

    assert claim(engine, [delivery.id]) == []
    assert stored(engine, delivery.id).status == status


def test_ids_without_a_row_and_ids_named_twice_do_no_harm(engine, make_delivery):
    delivery = make_delivery()

    assert [one.id for one in claim(engine, ["0" * 32, delivery.id, delivery.id])] == [delivery.id]
    assert claim(engine, []) == []


def test_what_is_not_due_yet_is_passed_over_and_left_to_the_sweep(engine, make_delivery, clock):
    delivery = make_delivery(status=Status.RETRYING, due_at=clock() + timedelta(seconds=2), queued_at=clock())
    assert claim(engine, [delivery.id]) == []
    row = stored(engine, delivery.id)
    assert (row.status, row.queued_at, row.due_at) == ("retrying", None, delivery.due_at)

    clock.tick(2)
    assert len(claim(engine, [delivery.id])) == 1


def test_a_clock_that_is_a_second_behind_the_writers_passes_nothing_over(engine, make_delivery, clock):
    delivery = make_delivery(due_at=clock() + timedelta(seconds=1))

    assert len(claim(engine, [delivery.id])) == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.PAUSED, "The listener is paused."),
        (State.FAILING, "The listener is failing."),
        (State.DISABLED, "The listener is disabled."),
    ],
)
def test_for_a_listener_that_is_stopped_it_is_held(engine, make_listener, make_delivery, state, reason):
    delivery = make_delivery(listener=make_listener(state=state), queued_at=engine.clock())

    assert claim(engine, [delivery.id]) == []
    row = stored(engine, delivery.id)
    assert (row.status, row.reason, row.queued_at, row.finished_at) == ("held", reason, None, None)


def test_a_test_goes_to_a_paused_listener_too(engine, make_listener, make_delivery):
    delivery = make_delivery(listener=make_listener(state=State.PAUSED), test=True)

    assert len(claim(engine, [delivery.id])) == 1


def test_for_a_deleted_listener_it_is_cancelled(engine, make_listener, make_delivery, clock):
    delivery = make_delivery(listener=make_listener(deleted_at=clock()))

    assert claim(engine, [delivery.id]) == []
    row = stored(engine, delivery.id)
    assert (row.status, row.reason) == ("cancelled", "The listener was deleted.")
    assert row.finished_at == clock()


def test_without_a_readable_secret_it_is_held_and_no_attempt_is_used(engine, make_delivery):
    delivery = make_delivery()
    blind = replace(engine, seal=Seal(["another key of thirty-two bytes or more"]))

    assert claim(blind, [delivery.id]) == []
    row = stored(engine, delivery.id)
    assert (row.status, row.tries, row.attempt_count) == ("held", 0, 0)
    assert row.reason == "The signing secret cannot be read with the present encryption keys."


def test_a_hook_that_went_bad_holds_its_own_deliveries_and_no_others(
    engine, hooks, make_event, make_delivery
):
    bad, good = (make_delivery(event=make_event(hook=name)) for name in ("order", "person"))
    hooks["order"].retry = "garbage"

    assert [one.id for one in claim(engine, [bad.id, good.id])] == [good.id]
    row = stored(engine, bad.id)
    assert (row.status, row.tries, row.queued_at) == ("held", 0, None)
    assert "The hook order cannot have retry='garbage'" in row.reason


def test_what_a_rate_does_not_allow_now_is_due_later_one_after_the_other(
    engine, make_listener, make_delivery, clock
):
    listener = make_listener(rate_limit_per_second=2)
    limited = [make_delivery(listener=listener, queued_at=clock()) for _ in range(5)]
    free = make_delivery()

    claimed = claim(engine, [one.id for one in (*limited, free)])

    assert {one.id for one in claimed} == {limited[0].id, limited[1].id, free.id}
    later = [stored(engine, one.id) for one in limited[2:]]
    assert [row.status for row in later] == ["pending"] * 3
    assert [(row.due_at - clock()).total_seconds() for row in later] == [1, 1.5, 2]
    assert [row.queued_at for row in later] == [None] * 3
    with engine.sessions() as session:
        assert session.get_one(Listener, listener.id).next_send_at == clock() + timedelta(seconds=1)

    clock.tick(1)
    again = claim(engine, [one.id for one in limited])
    assert [one.id for one in again] == [limited[2].id, limited[3].id]
    assert stored(engine, limited[4].id).due_at == clock() + timedelta(seconds=1)


def test_a_later_batch_has_its_moments_after_those_put_off_before(
    engine, make_listener, make_delivery, clock
):
    listener = make_listener(rate_limit_per_second=1)
    first = [make_delivery(listener=listener) for _ in range(3)]
    second = [make_delivery(listener=listener) for _ in range(2)]
    make_delivery(listener=listener, status=Status.RETRYING, due_at=clock() + timedelta(hours=5))

    claim(engine, [one.id for one in first])
    claim(engine, [one.id for one in second])

    due_at = [stored(engine, one.id).due_at for one in (*first[1:], *second)]
    assert [(moment - clock()).total_seconds() for moment in due_at] == [1, 2, 3, 4]


# Many at once


@pytest.fixture
def four_hundred(any_engine) -> list[str]:
    """Four hundred deliveries that are due, for one listener."""
    listener, now = factories.make_listener(any_engine), any_engine.clock()
    events = [{"id": new_id(), "hook": "person", "body": "{}", "created_at": now} for _ in range(400)]
    rows = [
        {
            "id": new_id(), "event_id": event["id"], "listener_id": listener.id, "hook": "person",
            "due_at": now, "created_at": now,
        }
        for event in events
    ]  # fmt: skip
    with any_engine.sessions.begin() as session:
        session.execute(sa.insert(Event), events)
        session.execute(sa.insert(Delivery), rows)
    return [row["id"] for row in rows]


def in_batches(ids: list[str], *, size: int = 20) -> list[list[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def test_four_threads_claim_each_delivery_exactly_once(any_engine, four_hundred):
    def claim_all(_: int) -> list[str]:
        return [one.id for batch in in_batches(four_hundred) for one in claim(any_engine, batch)]

    with ThreadPoolExecutor(4) as threads:
        claimed = [one for some in threads.map(claim_all, range(4)) for one in some]

    assert Counter(claimed) == Counter(four_hundred)


@pytest.fixture(scope="module")
def processes():
    """Four processes, and a barrier so that they begin together; used for both databases."""
    # "spawn", because a fork would take the threads' locks of this process with it.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        yield pool, manager.Barrier(4)


def claim_in_a_process(url: str, folder: str, ids: list[str], start: threading.Barrier) -> list[str]:
    with build_engine(url, folder=Path(folder)) as engine:
        start.wait(PATIENCE)
        return [one.id for batch in in_batches(ids) for one in claim(engine, batch)]


def test_four_processes_claim_each_delivery_exactly_once(any_engine, four_hundred, tmp_path, processes):
    pool, start = processes
    work = [(any_engine.settings.database_url, str(tmp_path), four_hundred, start)] * 4
    claimed = [one for some in pool.starmap(claim_in_a_process, work, chunksize=1) for one in some]

    assert Counter(claimed) == Counter(four_hundred)
