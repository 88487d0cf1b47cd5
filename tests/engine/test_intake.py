"""Does every event from outside come in once, whole and small enough?"""

from __future__ import annotations

import multiprocessing
import threading
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests.build import build_engine
from tests.patience import PATIENCE
from webhooks_app.builtin import register_built_in
from webhooks_app.engine import Engine, intake
from webhooks_app.errors import Conflict, NotRegistered, Refused
from webhooks_app.storage.models import Event
from webhooks_app.storage.people import Idempotency

pytestmark = pytest.mark.deep

ASKED = {"token_id": "1" * 32, "route": "publish", "key": "abc", "body_hash": "f" * 64}


def bodies(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(Event.body).order_by(Event.id)).all()


def fault(call):
    with pytest.raises(Refused) as refused:
        call()
    return [(error.field, error.code) for error in refused.value.errors]


def test_an_event_is_stored_and_the_doorbell_rung(any_engine, queue, clock):
    event = intake.publish(any_engine, "person", {"name": "Joe", "address": None}, sender="token shop")

    assert bodies(any_engine) == ['{"name":"Joe","address":null}']
    assert (event.hook, event.sender, event.created_at) == ("person", "token shop", clock())
    assert queue.rings == 1


def test_a_doorbell_that_does_not_ring_loses_no_event(any_engine, queue):
    queue.is_down = True

    intake.publish(any_engine, "person", {"name": "Joe"}, sender="")

    assert len(bodies(any_engine)) == 1


def test_many_events_keep_their_order(any_engine, queue):
    ids = intake.publish_many(any_engine, "person", [{"n": n} for n in range(1000)], sender="x")

    assert ids == sorted(ids)
    assert bodies(any_engine) == [f'{{"n":{n}}}' for n in range(1000)]
    assert queue.rings == 1


def test_an_event_that_only_the_system_tells_of_is_refused(any_engine, queue):
    register_built_in(any_engine.hooks)

    for publish, given in ((intake.publish, {"name": "Shop"}), (intake.publish_many, [{"name": "Shop"}])):
        assert fault(partial(publish, any_engine, "listener.failing", given, sender="token shop")) == [
            ("hook", "built_in")
        ]
    assert (bodies(any_engine), queue.rings) == ([], 0)


def test_of_many_events_all_or_none_are_stored(any_engine, queue):
    payloads = [{"n": 1}, {"n": float("inf")}, {"n": "x" * 300_000}]

    faults = fault(lambda: intake.publish_many(any_engine, "person", payloads, sender=""))

    assert faults == [("events.1.payload", "payload"), ("events.2.payload", "payload_too_large")]
    assert (bodies(any_engine), queue.rings) == ([], 0)


def test_a_payload_may_be_as_large_as_the_setting_says_and_no_larger(any_engine):
    fits = {"x": "a" * (262_144 - len('{"x":""}'))}
    intake.publish(any_engine, "person", fits, sender="")

    with pytest.raises(Refused, match=r"Payload is larger than 256 KiB\.") as refused:
        intake.publish(any_engine, "person", {"x": fits["x"] + "a"}, sender="")

    assert refused.value.errors[0].code == "payload_too_large"


def test_an_unknown_hook_is_named(any_engine):
    with pytest.raises(NotRegistered, match="nothing"):
        intake.publish(any_engine, "nothing", {}, sender="")


def act(engine):
    def store(session):
        return {"id": intake.add(engine, session, "person", {"name": "Joe"}, sender="").id}

    return store


def test_the_same_request_gets_the_same_answer_and_one_event(any_engine, queue):
    first = intake.once(any_engine, **ASKED, act=act(any_engine))
    queue.answer()
    second = intake.once(any_engine, **ASKED, act=act(any_engine))

    assert (first.repeated, second.repeated) == (False, True)
    assert first.answer == second.answer
    assert (len(bodies(any_engine)), queue.rings) == (1, 1)


def test_the_same_key_with_another_body_is_refused(any_engine):
    intake.once(any_engine, **ASKED, act=act(any_engine))
    other = {**ASKED, "body_hash": "e" * 64}

    faults = fault(lambda: intake.once(any_engine, **other, act=act(any_engine)))

    assert faults == [("Idempotency-Key", "idempotency_key_reused")]


@pytest.mark.parametrize("differs", [{"token_id": "2" * 32}, {"route": "batch"}, {"key": "abd"}])
def test_a_key_counts_for_its_token_and_route_only(any_engine, differs):
    intake.once(any_engine, **ASKED, act=act(any_engine))

    assert not intake.once(any_engine, **{**ASKED, **differs}, act=act(any_engine)).repeated


def test_a_key_is_forgotten_after_a_day(any_engine, clock):
    intake.once(any_engine, **ASKED, act=act(any_engine))
    clock.tick(24 * 3600 - 1)
    assert intake.once(any_engine, **ASKED, act=act(any_engine)).repeated

    clock.tick(1)
    assert not intake.once(any_engine, **ASKED, act=act(any_engine)).repeated


def test_each_new_key_takes_a_few_that_have_expired_away(any_engine, clock):
    for number in range(intake.FORGOTTEN_AT_ONCE + 2):
        intake.once(any_engine, **{**ASKED, "key": f"old {number}"}, act=act(any_engine))
    clock.tick(24 * 3600)
    left = []
    for number in range(2):
        intake.once(any_engine, **{**ASKED, "key": f"new {number}"}, act=act(any_engine))
        with any_engine.sessions() as session:
            left.append(session.scalar(sa.select(sa.func.count()).select_from(Idempotency)))

    assert left == [3, 2]


def test_a_request_that_failed_may_be_made_again(any_engine):
    def fail(_session):
        raise Refused

    with pytest.raises(Refused):
        intake.once(any_engine, **ASKED, act=fail)

    assert not intake.once(any_engine, **ASKED, act=act(any_engine)).repeated


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\ud800"])
def test_a_key_of_bad_form_is_refused(any_engine, key):
    faults = fault(lambda: intake.once(any_engine, **{**ASKED, "key": key}, act=act(any_engine)))

    assert faults == [("Idempotency-Key", "idempotency_key_format")]


def test_a_request_in_flight_makes_no_second_event(any_engine):
    inside, go_on = threading.Event(), threading.Event()

    def slow(session):
        inside.set()
        go_on.wait(PATIENCE)
        return act(any_engine)(session)

    first = threading.Thread(target=lambda: intake.once(any_engine, **ASKED, act=slow))
    first.start()
    assert inside.wait(PATIENCE)
    if any_engine.sessions.kw["bind"].dialect.name == "postgresql":
        with pytest.raises(Conflict, match="still being worked on"):
            intake.once(any_engine, **ASKED, act=act(any_engine))
        go_on.set()
    else:  # SQLite's second writer waits for the first, and then finds its answer
        threading.Timer(0.05, go_on.set).start()
        assert intake.once(any_engine, **ASKED, act=act(any_engine)).repeated
    first.join()

    assert len(bodies(any_engine)) == 1


def ask_for_two_hundred(url: str, folder: str) -> None:
    """What one client's process does: each key until its answer is there."""
    with build_engine(url, folder=Path(folder)) as engine:
        for number in range(200):
            ask_until_answered(engine, number)


def ask_until_answered(engine: Engine, number: int) -> None:
    def act(session):
        return {"id": intake.add(engine, session, "person", {"n": number}, sender="").id}

    while True:
        try:
            intake.once(engine, token_id="1" * 32, route="r", key=str(number), body_hash="f" * 64, act=act)
            return
        except Conflict:
            continue
        except OperationalError as error:  # as a client would, whose answer is 500
            if "database is locked" not in str(error):
                raise


def test_eight_processes_with_the_same_keys_make_each_event_once(any_engine, tables, tmp_path):
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload([__name__])  # read once, not eight times
    programs = [forked.Process(target=ask_for_two_hundred, args=(tables, str(tmp_path))) for _ in range(8)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(4 * PATIENCE)

    assert [program.exitcode for program in programs] == [0] * 8

    assert sorted(bodies(any_engine)) == sorted(f'{{"n":{n}}}' for n in range(200))
    with any_engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Idempotency)) == 200
