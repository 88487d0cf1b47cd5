"""What if whoever publishes dies, changes its mind, or finds nobody to ring for?"""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.faults import slowness
from webhooks_app import Hook
from webhooks_app.engine.publish import publish
from webhooks_app.registry import Occurrence
from webhooks_app.storage.models import Event

HALF_A_SECOND = 0.5


def stored(trial):
    """How many events of this trial there are."""
    with trial.engine.readings() as session:
        return session.scalar(sa.select(sa.func.count()).where(Event.hook == trial.hook))


@pytest.mark.fault(1)
def test_a_web_process_killed_before_the_commit_has_stored_nothing(trial):
    trial.listen()
    trial.arm("publish.after_insert", "kill")

    assert trial.generator.by_api() == 0  # the caller saw no answer
    trial.wait_for_kill("publish.after_insert")
    trial.installation.wait_for_web()

    assert stored(trial) == 0
    assert trial.arrivals() == []
    trial.holds(duplicates=0)


@pytest.mark.fault(2)
def test_a_web_process_killed_before_it_rings_leaves_its_event_to_the_sweep(trial):
    trial.listen()
    trial.arm("publish.after_commit", "kill")

    assert trial.generator.by_api() == 0
    trial.wait_for_kill("publish.after_commit")
    trial.wait_for_arrivals()

    assert stored(trial) == 1
    trial.holds(duplicates=0)
    trial.installation.wait_for_web()


@pytest.mark.fault(3)
def test_what_is_rolled_back_was_never_published(trial):
    trial.listen()
    hook = Hook(name=trial.hook)

    def say(session, text):
        return publish(trial.engine, Occurrence(hook, {"n": 0, "text": text}, "faults"), session=session)

    with trial.engine.sessions() as session:
        session.begin()
        say(session, "rolled back")
        session.rollback()
    with trial.engine.sessions.begin() as session:
        with session.begin_nested() as outer:
            say(session, "rolled back with the savepoint around it")
            with session.begin_nested():
                say(session, "in a savepoint of a savepoint")
            outer.rollback()
        with session.begin_nested():
            trial.generator.committed.append(say(session, "in a savepoint that is released"))
        trial.generator.committed.append(say(session, "committed"))
        time.sleep(1)
        assert trial.arrivals() == []  # nothing goes before the outermost commit

    trial.holds(duplicates=0)
    assert stored(trial) == 2


@pytest.mark.fault(4)
@pytest.mark.parametrize("line", ["refuses", "is silent"])
def test_a_doorbell_that_cannot_be_rung_holds_nobody_up(trial, line):
    trial.listen()
    trial.generator.some(4)
    quiet = max(trial.generator.seconds)
    trial.generator.seconds.clear()
    relay = trial.installation.redis
    relay.refuse() if line == "refuses" else relay.go_silent()

    trial.generator.some(4)
    relay.let_pass()

    assert len(trial.generator.committed) == 8
    assert max(trial.generator.seconds) < quiet + 2 * HALF_A_SECOND * slowness()
    trial.holds(duplicates=0)


@pytest.mark.fault(39)
@pytest.mark.parametrize(("point", "left"), [("publish.after_insert", 0), ("publish.after_commit", 1)])
def test_a_call_that_is_made_again_with_its_key_makes_one_event(trial, point, left):
    trial.listen()
    trial.arm(point, "stop")  # until gunicorn has enough of it
    payload = {"n": 1, "text": "once"}

    assert trial.generator.post(payload, key="the same") == (0, None)
    trial.wait_for_kill(point)
    assert stored(trial) == left
    trial.installation.wait_for_web()
    answers = [trial.generator.post(payload, key="the same") for _ in range(2)]

    assert [status for status, _ in answers] == [http.client.ACCEPTED] * 2
    trial.generator.committed += {answer["id"] for _, answer in answers}
    trial.holds(duplicates=0)
    assert stored(trial) == 1


@pytest.mark.fault(39)
def test_calls_with_the_same_keys_from_all_sides_make_each_event_once(trial, is_thorough):
    trial.listen()
    keys = range(200 if is_thorough else 20)

    def publish_all(_caller):
        for number in keys:
            status, answer = trial.generator.post({"n": number, "text": ""}, key=f"key {number}")
            while status == http.client.CONFLICT:
                status, answer = trial.generator.post({"n": number, "text": ""}, key=f"key {number}")
            yield answer["id"]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda caller: list(publish_all(caller)), range(8)))

    assert all(ids == told[0] for ids in told)
    trial.generator.committed += told[0]
    trial.holds(duplicates=0)
    assert stored(trial) == len(keys)
