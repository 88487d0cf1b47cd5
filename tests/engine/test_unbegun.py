"""Does what was claimed and not sent go back to where it came from, and into which queue?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery
from webhooks_app.engine.claim import claim
from webhooks_app.engine.rescue import rescue
from webhooks_app.engine.unbegun import give_back
from webhooks_app.storage.models import Delivery, Status


def test_what_was_not_sent_goes_back_to_where_it_came_from(any_engine, clock):
    fresh = make_delivery(any_engine)
    tried = make_delivery(any_engine, status=Status.RETRYING, attempt_count=2, tries=2)
    claimed = claim(any_engine, [fresh.id, tried.id])

    assert sorted(give_back(any_engine, claimed)) == sorted([fresh.id, tried.id])

    rows = [row_of(any_engine, each.id) for each in (fresh, tried)]
    assert [row.status for row in rows] == ["pending", "retrying"]
    assert [(row.attempt_count, row.tries) for row in rows] == [(0, 0), (2, 2)]
    assert {(row.lease_token, row.lease_until, row.queued_at) for row in rows} == {(None, None, clock())}
    assert len(claim(any_engine, [fresh.id, tried.id])) == 2


@pytest.mark.parametrize("slow", [True, False])
def test_it_says_in_which_queue_it_waits(any_engine, slow):
    delivery = make_delivery(any_engine, slow=not slow)

    give_back(any_engine, claim(any_engine, [delivery.id]), slow=slow)

    assert row_of(any_engine, delivery.id).slow is slow


def test_what_was_rescued_meanwhile_is_not_given_back(engine, make_delivery, clock):
    claimed = claim(engine, [make_delivery().id])
    clock.tick(3600)
    rescue(engine)
    claim(engine, [claimed[0].id])

    assert give_back(engine, claimed) == []


def test_it_goes_back_although_the_database_is_busy_at_first(engine, make_delivery, caplog):
    claimed = claim(engine, [make_delivery().id])
    fails = iter([True, True])

    def begin():
        if next(fails, False):
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        return engine.sessions.begin()

    give_back(SimpleNamespace(sessions=SimpleNamespace(begin=begin), clock=engine.clock), claimed)

    assert row_of(engine, claimed[0].id).status == "pending"
    assert caplog.text.count("is tried again") == 2


def row_of(engine, delivery_id) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery_id)
