"""Does every event find those that want it, by their keys as well as by asking all of them?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_event, make_listener
from tests.filters import changes, wanted
from webhooks_app.access_key import MOST_KEYS, stored_key
from webhooks_app.engine.candidates import choose
from webhooks_app.engine.seeking import FEW, MOST_KINDS, of_events
from webhooks_app.match import Filter, Startswith
from webhooks_app.payload import encode
from webhooks_app.storage.models import Listener, State

INDEXED = 0  # so few listeners of a hook are asked whole
ASKED_WHOLE = 1_000


def event(payload, *, hook="person", changed=None):
    return SimpleNamespace(id="e", hook=hook, body=encode(payload), changes=changed)


def ids(session, events, *, few=INDEXED):
    found = list(of_events(session, events, few=few))
    assert [each for each, _ in found] == list(events)
    return [[candidate.listener_id for candidate in candidates] for _, candidates in found]


def add_listeners(session, engine, all_conditions, **columns):
    now = engine.clock()
    same = {"hook": "person", "url": "", "name": "", "state_since": now, "created_at": now, "updated_at": now}
    rows = [
        {**same, "filter": conditions, "access_key": stored_key(conditions), **columns}
        for conditions in all_conditions
    ]
    session.execute(sa.insert(Listener), rows)


@settings(
    deadline=None, max_examples=60, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(wanted, min_size=4, max_size=15), changes, st.sampled_from(State))
def test_the_index_and_the_rest_choose_as_if_every_filter_were_asked(any_engine, some, changed, state):
    happened = [payload for _, payload in some]

    def chosen(session, few):
        found = of_events(session, [event(payload) for payload in happened], few=few)
        return [choose(each, payload, changed) for payload, (_, each) in zip(happened, found, strict=True)]

    with any_engine.sessions() as session:
        add_listeners(session, any_engine, [asked.to_json() for asked, _ in some], state=state)
        add_listeners(session, any_engine, [{"a": {"resembles": "b"}}])  # one that cannot be read
        by_keys, by_asking = chosen(session, INDEXED), chosen(session, ASKED_WHOLE)
        session.rollback()

    assert by_keys == by_asking
    assert all(any("resembles" in one.held for one in each) for each in by_keys)


@pytest.mark.parametrize("few", [INDEXED, ASKED_WHOLE])
def test_each_event_has_those_of_its_hook_that_are_not_deleted(any_engine, few):
    now = any_engine.clock()
    joe, jim = (make_listener(any_engine, filter={"name": {"is": name}}) for name in ("Joe", "Jim"))
    make_listener(any_engine, filter={"name": {"is": "Joe"}}, deleted_at=now)
    order = make_listener(any_engine, hook="order")
    make_listener(any_engine, hook="third")
    events = [
        event({"name": "Joe"}),
        event({}, hook="order"),
        event({}, hook="nobody"),
        event({"name": "Jim"}),
    ]

    with any_engine.sessions() as session:
        found = ids(session, events, few=few)

    both = [joe.id, jim.id]
    assert found == [
        [joe.id] if few == INDEXED else both,
        [order.id],
        [],
        [jim.id] if few == INDEXED else both,
    ]


def test_a_hook_with_many_listeners_is_not_asked_whole(engine):
    with engine.sessions() as session:
        add_listeners(session, engine, [{"number": {"is": number}} for number in range(FEW + 1)])

        assert [len(found) for found in ids(session, [event({"number": 7})], few=FEW)] == [1]


def test_parts_of_a_text_are_not_looked_up_for_a_few_that_ask_for_them(engine):
    asked = [{"text": {"contains": "abc"}}, {"text": {"like": "xyz"}}, *[{"number": {"is": 5}}] * 3]

    with engine.sessions() as session:
        add_listeners(session, engine, asked)

        assert [len(found) for found in ids(session, [event({"text": "abc"})], few=2)] == [2]
        assert [len(found) for found in ids(session, [event({"text": "abc"})], few=1)] == [1]


def test_a_listener_that_another_process_just_saved_is_found(any_engine):
    make_listener(any_engine, filter={"name": {"is": "Jim"}})
    with any_engine.sessions() as session:
        assert ids(session, [event({"name": "Joe"})]) == [[]]

    saved = make_listener(any_engine, filter={"name": {"startswith": "J"}})

    with any_engine.sessions() as session:
        assert ids(session, [event({"name": "Joe"})]) == [[saved.id]]


def test_a_listener_that_changes_while_it_is_sought_is_not_missed(any_engine):
    listener = make_listener(any_engine, filter=Filter({"name": "Joe"}))

    def happening():
        yield event({"name": "Joe"})
        # The kinds of key are known by now, and this is a new one.
        with any_engine.sessions.begin() as session:
            session.get(Listener, listener.id).filter = Filter({"name": Startswith("J")}).to_json()
        yield event({"name": "Joe"})

    with any_engine.readings() as session:
        found = [
            [candidate.listener_id for candidate in some]
            for _, some in of_events(session, happening(), few=0)
        ]

    assert found == [[listener.id], [listener.id]]


def test_an_event_that_gives_no_keys_asks_everybody(engine, make_listener, caplog):
    listener = make_listener(filter={"name": {"is": "Joe"}})
    strange = SimpleNamespace(id="e", hook="person", body="[1]", changes=None)

    with engine.sessions() as session:
        assert ids(session, [strange, event({"name": "Jim"})]) == [[listener.id], []]
    assert "The event e gives no keys" in caplog.text


def test_many_keys_are_looked_up_in_portions(any_engine):
    with any_engine.sessions() as session:
        add_listeners(session, any_engine, [{"text": {"contains": f"{number:03}"}} for number in range(100)])
        every = "".join(f"{number:03}" for number in range(1_000))
        texts = [chr(0x4E00 + at) * 3 + every for at in range(2 * MOST_KEYS // len(every) + 3)]
        found = ids(session, [event({"text": text}) for text in texts])
        session.rollback()

    assert [len(each) for each in found] == [100] * len(texts)


def test_an_event_with_too_many_keys_asks_all_of_the_kind_and_leaves_the_others_alone(any_engine):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + MOST_KEYS + 10)))
    asked = [{"text": {"contains": "abcd"}}, {"text": {"like": "efgh"}}, {"name": {"is": "Joe"}}, {}]
    events = [event({"text": "abcd"}), event({"text": text}), event({"text": text, "name": "Joe"})]

    with any_engine.sessions() as session:
        add_listeners(session, any_engine, asked)
        found = ids(session, events)
        session.rollback()

    assert [len(each) for each in found] == [2, 3, 4]


def test_a_hook_whose_listeners_ask_too_many_different_things_is_asked_whole(engine):
    with engine.sessions() as session:
        add_listeners(session, engine, [{f"a{number}": {"is": 1}} for number in range(MOST_KINDS)])
        assert [len(found) for found in ids(session, [event({"a0": 1})])] == [1]

        add_listeners(session, engine, [{"b": {"is": 1}}])
        assert [len(found) for found in ids(session, [event({"a0": 1})])] == [MOST_KINDS + 1]


def test_events_as_they_are_stored_are_looked_up(engine, make_listener):
    listener = make_listener(filter={"name": {"is": "Joe"}})

    with engine.sessions() as session:
        assert ids(session, [make_event(engine)]) == [[listener.id]]
