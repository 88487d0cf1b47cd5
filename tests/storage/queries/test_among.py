"""Are rows found by many ids that are given as one parameter, on both databases?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Event
from webhooks_app.storage.queries.among import among

FOUND = sa.select(Event.id).where(among(Event.__table__.c.id, "ids")).order_by(Event.id)


@pytest.fixture
def event_ids(any_engine):
    rows = [
        {"id": new_id(), "hook": "person", "body": "{}", "created_at": any_engine.clock(), "test": False}
        for _ in range(5)
    ]
    with any_engine.sessions.begin() as session:
        session.execute(sa.insert(Event), rows)
    return [row["id"] for row in rows]


def test_those_that_are_asked_for_are_found(session, event_ids):
    some = [event_ids[3], event_ids[1], new_id()]

    assert session.scalars(FOUND, {"ids": some}).all() == [event_ids[1], event_ids[3]]


def test_no_ids_find_nothing(session, event_ids):
    assert session.scalars(FOUND, {"ids": []}).all() == []


def test_the_statement_is_the_same_however_many_ids_there_are(session, event_ids):
    asked: list[str] = []
    sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append(given[2]))

    for count in range(1, 4):
        session.execute(FOUND, {"ids": event_ids[:count]})

    assert len(set(asked)) == 1
