"""Is an event kept where a listener's filter was broken in the database? Row 50 of the security plan."""

from __future__ import annotations

import sqlalchemy as sa

from tests.factories import make_event, make_listener
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.storage.models import Delivery


def test_an_event_for_a_filter_that_was_broken_by_hand_is_held_and_not_lost(any_engine):
    broken = make_listener(any_engine, filter={"name": {"sounds": "Joe"}})
    well = make_listener(any_engine)
    make_event(any_engine)

    dispatch(any_engine)

    with any_engine.sessions() as session:
        found = {one.listener_id: one for one in session.scalars(sa.select(Delivery))}
    assert (found[broken.id].status, found[well.id].status) == ("held", "pending")
    assert found[broken.id].reason.startswith(
        'The filter could not be evaluated: name: "sounds" is not a matcher.'
    )


def test_an_event_for_a_pattern_that_was_stored_before_it_was_too_large_is_held(any_engine):
    costly = make_listener(any_engine, filter={"name": {"like": ".{0,999}x"}})
    well = make_listener(any_engine)
    make_event(any_engine)

    dispatch(any_engine)

    with any_engine.sessions() as session:
        found = {one.listener_id: one for one in session.scalars(sa.select(Delivery))}
    assert (found[costly.id].status, found[well.id].status) == ("held", "pending")
    assert "this regular expression has 1,000 places" in found[costly.id].reason
