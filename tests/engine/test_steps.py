"""Does a listener climb the whole failure ladder, and come back? Told with a clock that stands until it ticks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.engine.ladder_scene import Scene, health_row, scene_on
from webhooks_app.engine import intervene, listeners, steps
from webhooks_app.engine.audit import Actor
from webhooks_app.storage.models import Status

ANNA = Actor("anna@example.com")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene(any_engine, queue, transport, clock) -> Scene:
    return scene_on(any_engine, queue, transport, clock)


def test_a_listener_whose_attempts_fail_is_failing_and_its_deliveries_are_held(scene):
    began = scene.clock()
    scene.fail()

    listener, health = scene.listener, scene.health
    assert listener.state == "failing"
    assert listener.state_since == scene.clock() >= began + MINUTE
    assert listener.state_reason == (
        f"{health.failures} attempts in a row failed since 2026-03-02 09:30 UTC; the last: The receiver answered 500."
    )
    assert health.failures >= 10
    assert {(one.status, one.reason) for one in scene.deliveries()} == {("held", "The listener is failing.")}
    assert sum(one.tries for one in scene.deliveries()) == health.failures  # to be held uses up nothing
    assert 0.8 * MINUTE <= health.probe_at - scene.clock() <= 1.2 * MINUTE
    assert (scene.acts(), scene.told()) == (["mark-failing by system"], ["listener.failing"])


def test_what_comes_for_a_failing_listener_is_held_too(scene):
    scene.fail()
    sent = scene.sent()
    scene.publish(2)

    assert [one.status for one in scene.deliveries()] == ["held"] * 6
    assert scene.sent() == sent


def test_a_probe_is_one_attempt_of_the_oldest_delivery_and_a_failed_one_makes_wait_longer(scene):
    scene.fail()
    sent, tries = scene.sent(), scene.deliveries()[0].tries
    scene.probe()

    assert scene.sent() == sent + 1
    assert scene.deliveries()[0].tries == tries + 1
    assert {one.status for one in scene.deliveries()} == {"held"}
    assert 1.6 * MINUTE <= scene.health.probe_at - scene.clock() <= 2.4 * MINUTE
    assert (scene.health.probes, scene.health.probe_id) == (1, None)
    assert scene.listener.state_reason.startswith(f"{sent + 1} attempts in a row failed")
    assert scene.told() == ["listener.failing"]  # told once

    scene.probe()
    assert 3.2 * MINUTE <= scene.health.probe_at - scene.clock() <= 4.8 * MINUTE


def test_a_probe_that_arrives_makes_the_listener_active_and_lets_go_fifty_a_second(scene):
    scene.fail()
    scene.publish(200)
    scene.recover()
    sent = scene.sent()
    scene.probe()

    assert (scene.listener.state, scene.listener.state_reason, scene.health) == ("active", "", None)
    assert scene.acts()[-1] == "recover by system"
    assert scene.told() == ["listener.failing", "listener.recovered"]
    assert scene.sent() <= sent + 2
    for seconds in (1, 2, 3):
        scene.pass_time(1)
        assert scene.sent() <= sent + 2 + 50 * seconds
    scene.pass_time(3)
    assert {one.status for one in scene.deliveries()} == {"delivered"}


def test_the_event_of_a_built_in_hook_arrives_at_its_listener(scene, any_engine):
    admin = factories.make_listener(any_engine, hook="listener.failing", url="http://127.0.0.1:9/admin")
    scene.fail()
    scene.sweep()

    [message] = [one for one in scene.transport.sent if one.url == admin.url]
    assert dict(message.headers)["webhook-hook"] == "listener.failing"
    told = message.body.decode()
    assert f'"listener":"lsn_{scene.listener_id}"' in told
    assert '"hook":"person","state":"failing"' in told
    assert f'"reason":"{scene.listener.state_reason}"' in told
    assert f'"failures":{scene.health.failures}' in told


def test_nothing_is_told_about_a_listener_of_a_built_in_hook(any_engine, queue, transport, clock):
    listener = factories.make_listener(any_engine, hook="listener.disabled")
    factories.make_event(any_engine, hook="listener.disabled")
    transport.will_answer(410)
    scene = Scene(any_engine, queue, transport, clock, listener.id)
    scene.sweep()

    assert scene.listener.state == "disabled"
    assert scene.told() == ["listener.disabled"]  # the one that was refused


def test_after_three_days_it_is_warned_once_and_after_five_disabled(scene):
    scene.fail()
    first = scene.health.first_failure_at
    scene.go_to(first + timedelta(hours=72))
    scene.sweep()
    scene.pass_time(30, step=10)

    assert scene.acts().count("warn by system") == 1
    assert scene.told() == ["listener.failing", "listener.warned"]
    assert (scene.listener.state, scene.health.warned_at) == ("failing", first + timedelta(hours=72))
    while scene.health.failures < 20:
        scene.probe()
    scene.go_to(first + timedelta(hours=120))

    listener = scene.listener
    assert listener.state == "disabled"
    assert listener.state_reason.startswith("No success for 120 hours: ")
    assert scene.told() == ["listener.failing", "listener.warned", "listener.disabled"]
    waiting = [one for one in scene.deliveries() if one.status != Status.FAILED]
    assert {(one.status, one.reason) for one in waiting} == {("held", "The listener is disabled.")}
    assert scene.health.look_at is None


def test_410_disables_at_once_and_one_click_resumes(scene, any_engine):
    scene.will_answer(410)
    scene.publish(1)

    assert (scene.listener.state, scene.listener.state_reason) == (
        "disabled",
        "The receiver answered 410 Gone.",
    )
    assert (scene.acts(), scene.told()) == (["disable by system"], ["listener.disabled"])
    scene.publish(2)
    assert [one.status for one in scene.deliveries()] == ["failed", "held", "held"]

    scene.recover()
    listeners.resume(any_engine, scene.listener_id, by=ANNA)
    scene.pass_time(1)
    assert [one.status for one in scene.deliveries()] == ["failed", "delivered", "delivered"]
    assert (scene.listener.state, scene.health) == ("active", None)


def test_whoever_resumes_a_failing_listener_clears_its_counters(scene, any_engine):
    scene.fail()
    listeners.resume(any_engine, scene.listener_id, by=ANNA)
    assert scene.health is None
    scene.pass_time(2)

    assert scene.listener.state == "active"  # a few more failures are not yet ten over a minute
    assert 0 < scene.health.failures < 10


def test_a_retry_by_hand_goes_to_a_failing_listener_and_frees_it(scene, any_engine):
    scene.fail()
    scene.recover()
    held = scene.deliveries()[2]
    intervene.retry(any_engine, held.id, by=ANNA)
    scene.work()

    assert scene.deliveries()[2].status == "delivered"
    assert scene.listener.state == "active"


def test_a_retry_by_hand_that_fails_is_held_again(scene, any_engine):
    scene.fail()
    held = scene.deliveries()[2]
    intervene.retry(any_engine, held.id, by=ANNA)
    scene.work()

    row = scene.deliveries()[2]
    assert (row.status, row.reason, row.tries) == ("held", "The listener is failing.", held.tries + 1)
    assert scene.listener.state == "failing"


def test_several_that_a_person_retries_go_to_a_failing_listener_and_the_first_to_arrive_frees_it(
    scene, any_engine
):
    scene.fail()
    scene.recover()
    probe_at, held = scene.health.probe_at, scene.deliveries()
    intervene.retry_many(any_engine, [one.id for one in held[1:]], by=ANNA)

    assert scene.health.probe_at == probe_at
    scene.sweep()
    assert {one.status for one in scene.deliveries()[1:]} == {"delivered"}
    assert scene.listener.state == "active"
    scene.pass_time(1)
    assert scene.deliveries()[0].status == "delivered"


def test_a_test_that_arrives_does_not_free_a_failing_listener(scene, any_engine):
    scene.fail()
    scene.recover()
    listeners.send_test(any_engine, scene.listener_id, by=ANNA, payload={"name": "Joe"})
    scene.work()

    assert scene.deliveries()[-1].status == "delivered"
    assert scene.listener.state == "failing"


def test_a_failing_listener_with_nothing_held_is_probed_with_its_next_event(scene, any_engine):
    scene.fail()
    for one in scene.deliveries():
        intervene.cancel(any_engine, one.id, by=ANNA)
    sent = scene.sent()
    scene.probe()
    assert scene.sent() == sent
    scene.recover()
    scene.publish(1)
    scene.pass_time(6)

    assert scene.sent() == sent + 1
    assert scene.listener.state == "active"


def test_a_probe_whose_outcome_never_comes_is_followed_by_another(scene, any_engine):
    scene.fail()
    scene.clock.now = scene.health.probe_at
    steps.take_due(any_engine)
    lost = scene.health.probe_id
    scene.queue.pushed.clear()
    intervene.cancel(any_engine, lost, by=ANNA)
    scene.recover()
    scene.pass_time(310, step=10)

    assert scene.listener.state == "active"


def test_a_process_that_dies_between_two_transactions_leaves_the_step_to_the_sweep(scene, any_engine):
    with any_engine.sessions.begin() as session:
        session.add(health_row(scene, is_gone=True))
    scene.sweep()

    assert scene.listener.state == "disabled"


def test_a_paused_listener_stays_paused_whatever_is_recorded(scene, any_engine):
    scene.fail()
    listeners.pause(any_engine, scene.listener_id, by=ANNA)
    scene.go_to(scene.clock() + timedelta(hours=130))

    assert scene.listener.state == "paused"
    assert {one.reason for one in scene.deliveries()} == {"The listener is paused."}
    assert scene.health.look_at is None


def test_a_deleted_listener_is_forgotten(scene, any_engine):
    scene.fail()
    listeners.delete(any_engine, scene.listener_id, by=ANNA)

    assert scene.health is None
