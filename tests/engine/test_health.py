"""Is a listener disabled only when it is sent to, and seen to have changed?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.health import disable
from webhooks_app.storage.models import Delivery, Listener, State


def test_a_listener_that_is_disabled_has_changed_and_what_waits_for_it_is_held(
    engine, make_listener, make_delivery, clock
):
    listener = make_listener()
    delivery = make_delivery(listener=listener)
    clock.tick(60)

    with engine.sessions.begin() as session:
        disable(session, listener.id, "The receiver answered 410 Gone.", now=clock())

    with engine.sessions() as session:
        row = session.get_one(Listener, listener.id)
        assert (row.state, row.state_reason) == ("disabled", "The receiver answered 410 Gone.")
        assert (row.state_since, row.updated_at, row.version) == (clock(), clock(), listener.version + 1)
        assert session.get_one(Delivery, delivery.id).status == "held"


@pytest.mark.parametrize("state", [State.PAUSED, State.DISABLED])
def test_a_listener_that_is_stopped_already_stays_as_it_is(engine, make_listener, clock, state):
    listener = make_listener(state=state, state_reason="Paused by Ann.")

    with engine.sessions.begin() as session:
        disable(session, listener.id, "The receiver answered 410 Gone.", now=clock())

    with engine.sessions() as session:
        row = session.get_one(Listener, listener.id)
        assert (row.state, row.state_reason, row.version) == (state, "Paused by Ann.", listener.version)
