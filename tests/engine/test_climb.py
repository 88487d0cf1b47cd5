"""What does each step on the failure ladder change: the listener, its deliveries, the audit, and who is told?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.builtin import LISTENER_FAILING
from webhooks_app.engine.candidates import HELD_BECAUSE
from webhooks_app.engine.climb import Climb
from webhooks_app.engine.ladder import Disable, Fail, Health, Probe, Recover, Wait, Warn
from webhooks_app.storage.models import Delivery, Event, Listener, State
from webhooks_app.storage.people import AuditEntry

FAILING = HELD_BECAUSE[State.FAILING]


@pytest.fixture
def climb(any_engine, clock):
    """Has a listener take a step, in a transaction as `steps` opens it; gives the climb and the listener after it."""

    def climb(listener, step, **health):
        with any_engine.sessions.begin() as session:
            row = session.get_one(Listener, listener.id)
            climbing = Climb(any_engine, session, row, Health(**health), clock())
            climbing.take(step)
        with any_engine.sessions() as session:
            return climbing, session.get_one(Listener, listener.id)

    return climb


@pytest.fixture
def later(clock):
    return clock() + timedelta(minutes=1)


def statuses(engine, listener) -> list[str]:
    query = sa.select(Delivery.status).where(Delivery.listener_id == listener.id).order_by(Delivery.id)
    with engine.sessions() as session:
        return list(session.scalars(query))


def written(engine) -> tuple[list[str], list[str]]:
    """What the audit says, and of which hooks there are events that nobody dispatched yet."""
    with engine.sessions() as session:
        acts = list(session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))
        return acts, list(session.scalars(sa.select(Event.hook).where(Event.dispatched_at.is_(None))))


@pytest.mark.parametrize(
    ("make", "before", "state", "deliveries", "act", "hook"),
    [
        (
            lambda later: Fail("It fails.", later),
            "active",
            "failing",
            "held",
            "mark-failing",
            "listener.failing",
        ),
        (lambda _: Disable("It is gone."), "active", "disabled", "held", "disable", "listener.disabled"),
        (lambda _: Recover("It is back."), "failing", "active", "pending", "recover", "listener.recovered"),
    ],
)
def test_a_step_changes_the_state_holds_or_lets_go_and_tells(
    any_engine, climb, later, clock, make, before, state, deliveries, act, hook
):
    listener = factories.make_listener(any_engine, state=before)
    reason = "" if before == "active" else FAILING
    status = "pending" if before == "active" else "held"
    for _ in range(2):
        factories.make_delivery(any_engine, listener=listener, status=status, reason=reason)

    climbed, after = climb(listener, make(later))

    assert (after.state, after.state_since) == (state, clock())
    assert after.version > listener.version  # so that every process reads it anew
    assert statuses(any_engine, listener) == [deliveries] * 2
    assert written(any_engine) == ([act], [hook])
    assert climbed.has_told


def test_a_probe_that_failed_changes_the_reason_and_nothing_that_people_set(any_engine, climb, later):
    listener = factories.make_listener(any_engine, state="failing")

    climbed, after = climb(listener, Wait("Eleven attempts failed.", later))

    assert (after.state_reason, after.version) == ("Eleven attempts failed.", listener.version)
    assert climbed.health.probe_at == later
    assert written(any_engine) == ([], [])


def test_a_probe_lets_the_oldest_go(any_engine, climb):
    listener = factories.make_listener(any_engine, state="failing")
    oldest, _ = (
        factories.make_delivery(any_engine, listener=listener, status="held", reason=FAILING)
        for _ in range(2)
    )

    climbed, _ = climb(listener, Probe(), is_failing=True)

    assert climbed.probe_id == climbed.health.probe_id == oldest.id
    assert statuses(any_engine, listener) == ["pending", "held"]


def test_with_nothing_held_there_is_no_probe(any_engine, climb):
    climbed, _ = climb(factories.make_listener(any_engine, state="failing"), Probe(), is_failing=True)

    assert climbed.found_nothing
    assert (climbed.probe_id, climbed.health.probe_id) == (None, None)


def test_a_warning_leaves_the_state_as_it_is(any_engine, climb, later, clock):
    listener = factories.make_listener(any_engine, state="failing")

    climbed, after = climb(listener, Warn("Three days.", later))

    assert (after.state, after.version) == ("failing", listener.version)
    assert climbed.health.warned_at == clock()
    assert written(any_engine) == (["warn"], ["listener.warned"])


def test_without_a_step_a_backlog_goes_on(any_engine, climb, clock):
    listener = factories.make_listener(any_engine, state="disabled")
    factories.make_delivery(any_engine, listener=listener)

    climb(listener, None, backlog_at=clock())

    assert statuses(any_engine, listener) == ["held"]


def test_about_a_listener_of_a_builtin_hook_nothing_is_told(any_engine, climb, later):
    """Or a pager that is down would be told of itself."""
    listener = factories.make_listener(any_engine, hook=LISTENER_FAILING.name)

    climbed, after = climb(listener, Fail("It fails.", later))

    assert (after.state, climbed.has_told) == ("failing", False)
    assert written(any_engine) == (["mark-failing"], [])
