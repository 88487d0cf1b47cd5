"""Can an application's tests see what it sends, without a database and a queue?"""

from __future__ import annotations

import pytest

from tests.caller import Person
from webhooks_app import Hook, ModelHook
from webhooks_app.errors import NotBound, UnserializablePayload
from webhooks_app.match import Changed, Startswith
from webhooks_app.storage.models import Event

PERSON = Hook(name="person", provides_args=["name"])


@pytest.fixture(autouse=True)
def registered(words):
    words.register(PERSON)


def test_what_is_sent_is_collected_in_order_and_not_stored(words, engine):
    with words.recording() as sent:
        PERSON.send(sender=Person, name="Joe")
        PERSON.send(name="Jim")

    assert len(sent) == 2
    assert (sent[0].hook, sent[0].payload, sent[0].sender) == (
        "person",
        {"name": "Joe"},
        "tests.caller.Person",
    )
    assert [one.payload["name"] for one in sent] == ["Joe", "Jim"]
    assert [one.payload["name"] for one in sent[1:]] == ["Jim"]
    with engine.sessions() as session:
        assert session.query(Event).count() == 0


def test_it_needs_no_engine_and_leaves_the_hooks_as_they_were(words):
    port, words._port = words._port, None
    with words.recording() as sent:
        PERSON.send(name="Joe")
    assert len(sent) == 1
    with pytest.raises(NotBound):
        PERSON.send(name="Joe")

    words._port = port
    with pytest.raises(ZeroDivisionError), words.recording():
        _ = 1 / 0
    assert words.port is port


def test_model_hooks_are_recorded_with_what_changed(words, caller):
    hook = words.register(ModelHook(name="saved", model=Person, provides_args=["name"]))
    with words.recording() as sent:
        joe = Person(name="Joe")
        caller.add(joe)
        caller.commit()
        joe.name = "Jim"
        caller.commit()

    assert sent[1].changes == {"name": {"old": "Joe", "new": "Jim"}}
    assert sent.would_reach(hook.listener(url="http://127.0.0.1/").match(name=Changed()))


def test_would_reach_asks_the_filter_of_a_draft_or_of_a_stored_listener(words, make_listener):
    stored = make_listener(filter={"name": {"startswith": "J"}})
    draft = PERSON.listener(url="http://127.0.0.1/").match(name=Startswith("J"))
    other = Hook(name="other").listener(url="http://127.0.0.1/")

    with words.recording() as sent:
        PERSON.send(name="Ann")
        assert not sent.would_reach(stored)
        PERSON.send(name="Joe")

    assert sent.would_reach(stored)
    assert sent.would_reach(draft)
    assert not sent.would_reach(other)


def test_what_could_not_be_stored_is_refused_here_too(words, caller):
    words.register(ModelHook(name="photo", model=Person, provides_args=["photo"]))
    with words.recording() as sent:
        with pytest.raises(UnserializablePayload):
            PERSON.send(name=object())
        caller.add(Person(name="Joe", photo=b"jpeg"))
        caller.flush()

    assert len(sent) == 0
    assert [type(problem) for problem in sent.problems] == [UnserializablePayload]


def test_listeners_are_collected_too(words):
    with words.recording() as sent:
        draft = PERSON.listener(url="http://127.0.0.1/").save()

    assert sent.listeners == [draft]
