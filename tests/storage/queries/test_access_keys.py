"""Do the keys lead along their index, on both databases, and to those listeners alone?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.factories import make_listener
from webhooks_app.access_key import Kind, stored_key
from webhooks_app.storage.models import Listener
from webhooks_app.storage.queries import access_keys

IS_NUMBER, STARTS = Kind("is", "number"), Kind("startswith", "name")


@pytest.fixture
def plans(any_engine):
    """How the database carries out each statement about listeners from here on."""
    found = []

    @sa.event.listens_for(any_engine.sessions.kw["bind"], "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        if "webhooks_listeners" in statement and not statement.startswith("INSERT"):
            words = "EXPLAIN" if any_engine.sessions.kw["bind"].name == "postgresql" else "EXPLAIN QUERY PLAN"
            asked = cursor.connection.cursor().execute(f"{words} {statement}", parameters)
            found.append("\n".join(str(row[-1]) for row in asked.fetchall()))

    return found


def add_listeners(session, engine, all_conditions):
    now = engine.clock()
    same = {"hook": "person", "url": "", "name": "", "state_since": now, "created_at": now, "updated_at": now}
    rows = [{**same, "filter": each, "access_key": stored_key(each)} for each in all_conditions]
    session.execute(sa.insert(Listener), rows)


@pytest.mark.parametrize("count", [1, 5_000])
@pytest.mark.parametrize("listeners", [300, 1_000, 3_000])
@pytest.mark.parametrize("is_analyzed", [False, True])  # a server counts a table's rows only now and then
def test_keys_and_kinds_go_along_their_index(any_engine, plans, count, listeners, is_analyzed):
    keys = [f"is:number={number}" for number in range(count)]
    with any_engine.sessions() as session:
        add_listeners(session, any_engine, [{"number": {"is": number}} for number in range(listeners)])
        add_listeners(session, any_engine, [{"name": {"startswith": "J"}}])
        if is_analyzed:
            session.execute(sa.text("ANALYZE"))
        access_keys.look_up(session, "person", keys, [STARTS], most_kinds=10)
        access_keys.kinds(session, "person", most=10)
        access_keys.has_more(session, "person", IS_NUMBER, than=10)
        session.rollback()

    for plan in plans:
        assert "ix_webhooks_listeners_access_key" in plan
        reads = [line for line in plan.splitlines() if "webhooks_listeners" in line]
        assert all("ix_webhooks_listeners_access_key" in line for line in reads)
        assert "Seq Scan" not in plan
    assert len(plans) == 3


def test_only_those_with_the_keys_are_found_or_with_a_key_of_the_kinds(any_engine):
    conditions = [
        {"number": {"is": 1}}, {"number": {"is": 2}}, {"name": {"startswith": "é\0"}}, {"名": {"is": 1}}, {},
    ]  # fmt: skip
    one, _two, text, strange, every = [make_listener(any_engine, filter=each) for each in conditions]
    make_listener(any_engine, filter={"number": {"is": 1}}, hook="order")
    make_listener(any_engine, filter={"number": {"is": 1}}, deleted_at=any_engine.clock())

    with any_engine.sessions() as session:

        def found(keys, whole=()):
            looked_up = access_keys.look_up(session, "person", keys, whole, most_kinds=10)
            return sorted(row.id for row in looked_up.listeners)

        assert found(["is:number=1", "is:number=3"]) == [one.id]
        assert found([text.access_key, strange.access_key]) == sorted([text.id, strange.id])
        assert found(["*"], [STARTS]) == sorted([every.id, text.id])
        assert found([]) == []


def test_the_kinds_of_a_hook_are_told_once_each_and_with_what_was_looked_up(any_engine):
    asked = [{"number": {"is": number}} for number in (1, 2, 3)]
    asked += [{"name": {"startswith": "J"}}, {"name": {"endswith": "J"}}, {"名": {"is": 1}}, {}]
    for conditions in asked:
        make_listener(any_engine, filter=conditions)
    make_listener(any_engine, filter={"other": {"is": 1}}, hook="order")

    with any_engine.sessions() as session:
        kinds = access_keys.kinds(session, "person", most=10)
        assert set(kinds) == {IS_NUMBER, STARTS, Kind("endswith", "name"), Kind("is", "名")}
        assert len(kinds) == 4
        assert len(access_keys.kinds(session, "person", most=3)) == 3
        assert access_keys.look_up(session, "person", ["*"], [], most_kinds=10).kinds == kinds
        assert access_keys.kinds(session, "nobody", most=10) == []
        assert access_keys.has_more(session, "person", IS_NUMBER, than=2)
        assert not access_keys.has_more(session, "person", IS_NUMBER, than=3)
