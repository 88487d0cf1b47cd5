"""Do recorders, steps, probes and people get along, when they meet over one listener on PostgreSQL?

SQLite has one writer at a time, so these meetings cannot happen there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests import factories
from tests.databases import database_in
from tests.engine.ladder_scene import Scene, health_row, scene_on
from tests.engine.test_lock_order import wait_until_someone_waits
from tests.fakes import answered
from webhooks_app.engine import Engine, intervene, steps
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.claim import claim
from webhooks_app.engine.listener_rows import locked
from webhooks_app.engine.listeners import pause, resume
from webhooks_app.engine.record import Finished, record
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Delivery, Listener, State, Status

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def database_url(postgresql_address) -> Iterator[str]:
    with database_in(postgresql_address, "webhooks_ladder_meetings") as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def scene(any_engine, queue, transport, clock) -> Scene:
    return scene_on(any_engine, queue, transport, clock)


def claimed(engine: Engine, *listeners: Listener, status: int) -> list[Finished]:
    made = [factories.make_delivery(engine, listener=each).id for each in listeners]
    return [Finished(one, None, answered(status), engine.clock()) for one in claim(engine, made)]


def together(*acts) -> None:
    """Begin all of these at the same moment, and wait for them."""
    start = threading.Barrier(len(acts))

    def one(act) -> None:
        start.wait(5)
        act()

    with ThreadPoolExecutor(len(acts)) as threads:
        for done in [threads.submit(one, act) for act in acts]:
            done.result(60)


def test_recorders_that_meet_the_same_listeners_in_any_order_lose_no_failure(any_engine, caplog):
    listeners = [factories.make_listener(any_engine) for _ in range(4)]
    there = [claimed(any_engine, *listeners, status=500) for _ in range(15)]
    back = [claimed(any_engine, *reversed(listeners), status=500)[::-1] for _ in range(15)]

    together(
        *(lambda groups=groups: [record(any_engine, group) for group in groups] for groups in (there, back))
    )

    with any_engine.sessions() as session:
        rows = session.scalars(sa.select(ListenerHealth)).all()
    assert {row.listener_id: row.failures for row in rows} == {each.id: 30 for each in listeners}
    assert caplog.messages == []


def test_failures_and_successes_that_meet_stop_nobody(any_engine, caplog):
    listeners = [factories.make_listener(any_engine) for _ in range(3)]
    groups = [
        [claimed(any_engine, *order, status=status) for _ in range(15)]
        for status, order in ((500, listeners), (200, listeners[::-1]), (503, listeners))
    ]

    together(*(lambda some=some: [record(any_engine, group) for group in some] for some in groups))

    with any_engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Delivery.status == Status.SENDING)) == 0
    assert caplog.messages == []


def test_a_step_leaves_a_listener_that_somebody_changes_to_the_sweep(any_engine, scene):
    [gone] = claimed(any_engine, scene.listener, status=410)

    with any_engine.sessions.begin() as session:
        locked(session, scene.listener_id)
        record(any_engine, [gone])  # does not wait
        assert scene.health.is_gone
    assert scene.listener.state == "active"

    scene.sweep()
    assert scene.listener.state == "disabled"


def test_a_step_waits_for_a_recorder_and_sees_what_it_counted(any_engine, scene):
    with any_engine.sessions.begin() as session:
        session.add(health_row(scene, failures=1, look_at=scene.clock()))

    with ThreadPoolExecutor(1) as threads:
        with any_engine.sessions.begin() as session:
            row = session.get_one(ListenerHealth, scene.listener_id, with_for_update=True)
            step = threads.submit(steps.take, any_engine, [scene.listener_id])
            wait_until_someone_waits(any_engine)
            row.is_gone = True
        step.result(10)

    assert scene.listener.state == "disabled"


def test_two_sweeps_take_a_step_once(any_engine, scene):
    with any_engine.sessions.begin() as session:
        session.add(health_row(scene, is_gone=True))

    together(*[lambda: steps.take_due(any_engine)] * 4)

    assert (scene.acts(), scene.told()) == (["disable by system"], ["listener.disabled"])


def test_a_step_does_not_wait_for_a_delivery_that_another_one_holds(any_engine, scene):
    delivery = factories.make_delivery(any_engine, listener=scene.listener)
    with any_engine.sessions.begin() as session:
        session.add(health_row(scene, is_gone=True))

    with any_engine.sessions.begin() as session:
        session.get_one(Delivery, delivery.id, with_for_update=True)
        steps.take(any_engine, [scene.listener_id])
        assert scene.listener.state == "disabled"

    assert claim(any_engine, [delivery.id]) == []  # who claims it holds it
    assert scene.deliveries()[0].reason == "The listener is disabled."


def test_a_probe_that_meets_a_resume_leaves_nothing_held(any_engine, scene):
    for _ in range(15):
        with any_engine.sessions.begin() as session:
            session.get_one(Listener, scene.listener_id).state = State.FAILING
            session.add(health_row(scene, is_failing=True, probe_at=scene.clock()))
        held = [
            factories.make_delivery(
                any_engine, listener=scene.listener, status=Status.HELD, reason="The listener is failing."
            )
            for _ in range(3)
        ]

        together(lambda: steps.take_due(any_engine), lambda: resume(any_engine, scene.listener_id, by=CODE))

        assert scene.listener.state == "active"
        assert {one.status for one in scene.deliveries()} == {"pending"}
        with any_engine.sessions.begin() as session:
            session.execute(sa.delete(ListenerHealth))
            session.execute(sa.delete(Delivery).where(Delivery.id.in_([one.id for one in held])))


def test_people_and_sweeps_over_a_failing_listener_stop_each_other_never(any_engine, scene, caplog):
    scene.fail()
    some = [one.id for one in scene.deliveries()]

    def sweep_often() -> None:
        for _ in range(20):
            with any_engine.sessions.begin() as session:
                session.execute(
                    sa.update(ListenerHealth).values(look_at=scene.clock(), probe_at=scene.clock())
                )
            steps.take_due(any_engine)

    def retry_often() -> None:
        for _ in range(5):
            intervene.retry_many(any_engine, some, by=CODE)
            for delivery_id in some:
                try:
                    intervene.retry(any_engine, delivery_id, by=CODE)
                except intervene.Conflict:
                    continue

    def pause_and_resume() -> None:
        for _ in range(10):
            pause(any_engine, scene.listener_id, by=CODE)
            resume(any_engine, scene.listener_id, by=CODE)

    together(sweep_often, retry_often, pause_and_resume)

    scene.recover()
    resume(any_engine, scene.listener_id, by=CODE)
    scene.pass_time(20)
    assert {one.status for one in scene.deliveries()} == {"delivered"}
    assert [each for each in caplog.messages if "tried again" in each] == []


def test_an_event_of_a_built_in_hook_exists_only_with_its_step(any_engine, scene):
    with any_engine.sessions.begin() as session:
        session.add(health_row(scene, is_gone=True))
    with (
        any_engine.sessions.begin() as session
    ):  # a listener of the hook, so that its audit entry is written last
        session.execute(sa.text("ALTER TABLE webhooks_audit ADD CONSTRAINT refused CHECK (act <> 'disable')"))

    steps.take_due(any_engine)
    assert (scene.listener.state, scene.told()) == ("active", [])

    with any_engine.sessions.begin() as session:
        session.execute(sa.text("ALTER TABLE webhooks_audit DROP CONSTRAINT refused"))
    steps.take_due(any_engine)
    assert (scene.listener.state, scene.told()) == ("disabled", ["listener.disabled"])
