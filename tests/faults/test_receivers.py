"""What if receivers hang, fail for long, break off, or a listener changes while it is sent to?"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import pytest
import sqlalchemy as sa

from tests.faults.installation import STARTED_SECONDS
from tests.faults.nemesis import kill_a_worker
from tests.faults.oracle import SECRETS
from tests.patience import wait_until
from webhooks_app.engine import intervene, listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.signing_keys import turn
from webhooks_app.storage.models import Delivery, Listener

BY = Actor("faults")


@pytest.mark.fault(24)
def test_one_receiver_that_hangs_slows_none_of_twenty(trial):
    healthy = [trial.listen() for _ in range(19)]
    paths = {one.url.partition("/ok")[2] for one in healthy}

    def p95():
        began = len(trial.arrivals())
        for _ in range(10):
            trial.generator.by_code()
            time.sleep(0.2)
        wait_until(
            lambda: sum(one["path"].removeprefix("/ok") in paths for one in trial.arrivals()[began:]) >= 190,
            seconds=90,
            what="the healthy ones",
        )
        return quantiles(_waits(trial, trial.arrivals()[began:], paths), n=20)[-1]

    quiet = p95()
    trial.listen("/first/hang", retry_schedule="1s")
    trial._filters.clear()  # the events of before did not want the new one; I1 is the others' to show
    with_one_hanging = p95()

    assert with_one_hanging < 1.5 * quiet + 1.0  # and a second, for the machine is shared


def _waits(trial, arrivals, paths):
    with trial.engine.readings() as session:
        created = {
            one.event_id: one.created_at.timestamp()
            for one in session.scalars(sa.select(Delivery).where(Delivery.hook == trial.hook))
        }
    bare = {f"evt_{event_id}": moment for event_id, moment in created.items()}
    return [one["at"] - bare[one["id"]] for one in arrivals if one["path"].removeprefix("/ok") in paths]


@pytest.mark.fault(25)
def test_what_piled_up_while_a_receiver_failed_arrives_once_and_spread_out(trial):
    switch = trial.installation.log.parent / f"{trial.hook}-fails"
    switch.touch()
    # Answers nothing of the ladder's: few enough failures in a row that the listener stays active.
    trial.listen(f"/until/{switch.name}/status/500", retry_schedule="8s,8s,8s,8s,8s,8s")
    for _ in range(8):
        trial.generator.by_code()
    wait_until(lambda: len(trial.attempts()) >= 8, seconds=120, what="the failures")
    with trial.engine.readings() as session:
        due = list(session.scalars(sa.select(Delivery.due_at).where(Delivery.hook == trial.hook)))
    switch.unlink()

    assert max(due) - min(due) > timedelta(milliseconds=300)  # the jitter of ±20 %
    trial.holds(duplicates=0, seconds=30)


@pytest.mark.fault(26)
def test_answers_that_break_off_are_the_only_reason_for_a_second_arrival(trial):
    trial.listen("/sometimes/10/reset")
    trial.listen("/sometimes/10/half")
    trial.generator.some(60)

    trial.holds(duplicates=60)  # one for each answer that nobody could read, which the checker counts
    assert {attempt.error_class for attempt in trial.attempts()} <= {None, "protocol_error"}


@pytest.mark.fault(27)
def test_a_receiver_that_is_gone_gets_nothing_more(trial):
    listener = trial.listen("/status/410")
    trial.generator.some(1)
    trial.holds(ends=("failed",))
    trial.generator.some(2)
    trial.holds(ends=("failed", "held"))

    with trial.engine.readings() as session:
        assert session.get(Listener, listener.id).state == "disabled"
    assert len(trial.arrivals()) == 1


@pytest.mark.fault(27)
@pytest.mark.parametrize(
    ("said", "least_seconds"),
    [
        ("7", 6.5),
        ("Fri%2C%2031%20Dec%201999%2023%3A59%3A59%20GMT", 0.0),  # a date in the past: at once
        ("-1", 0.0),  # rubbish, so the schedule alone counts
        ("1000000000", 24 * 3600 - 60),  # a day at most
    ],
)
def test_retry_after_is_heard_within_reason(trial, said, least_seconds):
    trial.listen(f"/first/later/{said}", retry_schedule="1s")
    trial.generator.some(1)
    wait_until(trial.attempts, seconds=120, what="the first answer")
    with trial.engine.readings() as session:
        delivery = session.scalars(sa.select(Delivery).where(Delivery.hook == trial.hook)).one()
    waits = (delivery.due_at - datetime.now(UTC)).total_seconds()

    assert waits > least_seconds - 5  # the answer may be some seconds old by now
    if least_seconds < 60:
        trial.holds(duplicates=0, seconds=30)
    else:
        assert waits < 24 * 3600 + 60
        intervene.cancel(trial.engine, delivery.id, by=BY)
        trial.holds(ends=("cancelled",))


@pytest.mark.fault(29)
def test_many_retries_by_hand_while_a_worker_is_killed_are_each_made(trial, is_thorough):
    count = 1000 if is_thorough else 100
    trial.listen("/first/status/500", retry_schedule="")
    for _ in range(count):
        trial.generator.by_code()
    wait_until(lambda: trial.statuses().count("failed") == count, seconds=180, what="the failures")
    with trial.engine.readings() as session:
        failed = list(session.scalars(sa.select(Delivery.id).where(Delivery.hook == trial.hook)))

    assert intervene.retry_many(trial.engine, failed, by=BY).count == count
    wait_until(lambda: "delivered" in trial.statuses(), seconds=120, what="the first of them")
    kill_a_worker(trial, random.Random())

    wait_until(lambda: trial.statuses().count("delivered") == count, seconds=180, what="all of them")
    assert all(len(each) <= 3 for each in _numbers(trial).values())


def _numbers(trial):
    found = {}
    for attempt in trial.attempts():
        found.setdefault(attempt.delivery_id, []).append(attempt.number)
    return found


@pytest.mark.fault(30)
@pytest.mark.parametrize(("deed", "end"), [("pause", "held"), ("delete", "cancelled")])
def test_a_listener_stopped_while_it_is_sent_to_gets_that_one_and_no_more(trial, deed, end):
    listener = trial.listen("/takes/900", sends_in_flight=1)
    for _ in range(4):
        trial.generator.by_code()
    trial.wait_for_arrivals()
    wait_until(lambda: len(trial.statuses()) == 4, seconds=120, what="the deliveries")
    getattr(listeners, deed)(trial.engine, listener.id, by=BY)

    trial.holds(ends=("delivered", end))
    assert "delivered" in trial.statuses()
    assert end in trial.statuses()


@pytest.mark.fault(30)
def test_a_retry_goes_to_the_new_address(trial):
    listener = trial.listen("/status/500", retry_schedule="2s,2s")
    trial.generator.some(1)
    wait_until(trial.attempts, seconds=120, what="the first attempt")
    moved = listener.url.replace("/status/500", "/ok")
    with trial.engine.sessions.begin() as session:
        session.get(Listener, listener.id).url = moved
    trial.holds(duplicates=1)

    assert [one["path"].partition("?")[0] for one in trial.arrivals()][-1] == "/ok"


@pytest.mark.fault(31)
def test_a_secret_that_turns_between_attempts_signs_with_both(trial):
    listener = trial.listen("/first/status/500", retry_schedule="3s")
    trial.generator.some(1)
    trial.wait_for_arrivals()
    with trial.engine.sessions.begin() as session:
        _turn(trial, session, listener.id)
    trial.holds(duplicates=0)

    before, after = trial.arrivals()
    assert (before["signed_by"], after["signed_by"]) == ([0], [0, 1])


def _turn(trial, session, listener_id):
    turn(session, trial.engine.seal, listener_id, SECRETS[1], now=trial.engine.clock())
    session.get(Listener, listener_id).updated_at = trial.engine.clock()


@pytest.mark.fault(31)
def test_a_worker_with_the_wrong_key_sends_nothing_unsigned_and_uses_up_no_attempt(trial):
    stack = trial.installation.stack
    trial.installation.down("worker", "worker 2", "slow", "clock", "clock 2")
    trial.listen()
    stack.start("worker 4", WEBHOOKS_ENCRYPTION_KEYS="some-other-key-of-thirty-two-bytes-or-more")
    trial.generator.some(3)
    wait_until(lambda: trial.statuses() == ["held"] * 3, seconds=120, what="the refusal")
    assert trial.arrivals() == []
    assert trial.attempts() == []
    stack.end("worker 4", seconds=60)

    trial.installation.revive()  # with the right key: what was held for it goes
    wait_until(lambda: "held" not in trial.statuses(), seconds=2 * STARTED_SECONDS, what="the release")
    trial.holds(duplicates=0)
