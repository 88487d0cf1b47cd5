"""What does a success mean for its listener that is known only after the worker was thought lost?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import factories
from tests.engine.ladder_scene import Scene, scene_on
from tests.fakes import answered
from webhooks_app.engine import Engine
from webhooks_app.engine.claim import claim
from webhooks_app.engine.health import let_through
from webhooks_app.engine.record import Finished, record
from webhooks_app.engine.rescue import rescue
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Delivery, Listener


@pytest.fixture
def scene(any_engine, queue, transport, clock) -> Scene:
    return scene_on(any_engine, queue, transport, clock)


def finish(engine: Engine, listener: Listener, status: int, **columns: object) -> Finished:
    """Claim a new delivery of the listener, and say what came of it."""
    delivery = factories.make_delivery(engine, listener=listener, **columns)
    [claimed] = claim(engine, [delivery.id])
    return Finished(claimed, None, answered(status), engine.clock())


def failures(engine: Engine, listener: Listener) -> int:
    with engine.sessions() as session:
        row = session.get(ListenerHealth, listener.id)
        return row.failures if row else 0


def lose(engine: Engine, clock) -> None:
    """Let every lease end, and rescue what was claimed."""
    clock.tick(3600)
    assert rescue(engine) == 1


def test_a_late_success_clears_what_failed_before_it(any_engine, clock):
    listener = factories.make_listener(any_engine)
    record(any_engine, [finish(any_engine, listener, 500)])
    late = finish(any_engine, listener, 200)
    lose(any_engine, clock)

    record(any_engine, [late])

    assert failures(any_engine, listener) == 0


def test_what_failed_after_it_counts_on(any_engine, clock):
    listener = factories.make_listener(any_engine)
    late = finish(any_engine, listener, 200)
    lose(any_engine, clock)
    record(any_engine, [finish(any_engine, listener, 500)])

    record(any_engine, [late])

    assert failures(any_engine, listener) == 1


@pytest.mark.parametrize("columns", [{"test": True}, {"replay_no": 1}])
def test_late_tests_and_replays_count_no_more_than_others(any_engine, clock, columns):
    listener = factories.make_listener(any_engine)
    record(any_engine, [finish(any_engine, listener, 500)])
    late = finish(any_engine, listener, 200, **columns)
    lose(any_engine, clock)

    record(any_engine, [late])

    assert failures(any_engine, listener) == 1


def test_a_late_success_that_is_recorded_again_counts_once(any_engine, clock):
    listener = factories.make_listener(any_engine)
    late = finish(any_engine, listener, 200)
    lose(any_engine, clock)
    record(any_engine, [late])
    record(any_engine, [finish(any_engine, listener, 500)])

    record(any_engine, [replace(late, started_at=clock() + timedelta(hours=1))])

    assert failures(any_engine, listener) == 1


def test_a_late_failure_does_not_count(any_engine, clock):
    listener = factories.make_listener(any_engine)
    late = finish(any_engine, listener, 500)
    lose(any_engine, clock)

    record(any_engine, [late])

    assert failures(any_engine, listener) == 0


def test_a_probe_that_succeeds_late_makes_the_listener_active(scene, any_engine):
    scene.fail()
    probe = scene.deliveries()[0]
    late = claimed_as_probe(scene, any_engine, probe)
    lose(any_engine, scene.clock)
    scene.recover()

    record(any_engine, [late])

    assert scene.listener.state == "active"
    assert scene.acts() == ["mark-failing by system", "recover by system"]
    assert delivered(any_engine, probe)


def test_what_arrived_is_delivered_although_it_was_held_meanwhile(any_engine, clock):
    listener = factories.make_listener(any_engine)
    late = finish(any_engine, listener, 200)
    lose(any_engine, clock)
    with any_engine.sessions.begin() as session:
        session.get_one(Delivery, late.claimed.id).status = "held"

    record(any_engine, [late])

    assert delivered(any_engine, late.claimed)


def claimed_as_probe(scene: Scene, engine: Engine, probe: Delivery) -> Finished:
    """The probe on its way, in a worker that is slow to record."""
    with engine.sessions.begin() as session:
        row = session.get_one(Delivery, probe.id)
        row.status, row.due_at = "retrying", scene.clock()
        let_through(session, scene.listener_id, probe.id, now=scene.clock())
    scene.clock.tick(1)
    [claimed] = claim(engine, [probe.id])
    return Finished(claimed, None, answered(200), engine.clock())


def delivered(engine: Engine, delivery) -> bool:
    with engine.sessions() as session:
        row = session.get_one(Delivery, delivery.id)
        return (row.status, row.reason, row.queued_at) == ("delivered", "", None)
