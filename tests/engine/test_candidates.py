"""Which listeners want an event, and what of those that cannot have it just now?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.candidates import Candidate, Chosen, choose
from webhooks_app.engine.seeking import of_events
from webhooks_app.match import Changed, Filter, Is, Startswith
from webhooks_app.storage.models import Listener, State

JOE = Filter({"name": Is("Joe")})


def one(filter_=JOE, *, state=State.ACTIVE, broken="") -> Candidate:
    return Candidate("a", state, filter_, broken)


@pytest.mark.parametrize(
    ("candidate", "payload", "chosen"),
    [
        (one(), {"name": "Joe"}, [Chosen("a")]),
        (one(), {"name": "Jim"}, []),
        (one(), {}, []),
        (one(Filter({})), {}, [Chosen("a")]),  # without a filter: everything
        (one(state=State.PAUSED), {"name": "Joe"}, [Chosen("a", "The listener is paused.")]),
        (one(state=State.FAILING), {"name": "Joe"}, [Chosen("a", "The listener is failing.")]),
        (one(state=State.DISABLED), {"name": "Joe"}, [Chosen("a", "The listener is disabled.")]),
        (one(state=State.PAUSED), {"name": "Jim"}, []),  # held only if it were wanted
        (one(None, broken="No."), {}, [Chosen("a", "The filter could not be evaluated: No.")]),
    ],
)
def test_who_gets_it(candidate, payload, chosen):
    assert choose([candidate], payload, None) == chosen


def test_what_changed_can_be_asked_for():
    candidate = one(Filter({"name": Changed()}))

    assert choose([candidate], {"name": "Joe"}, {"name": {"old": "Jim", "new": "Joe"}}) == [Chosen("a")]
    assert choose([candidate], {"name": "Joe"}, None) == []


def test_a_filter_is_parsed_once_for_each_version_of_a_listener(engine, make_listener, make_event):
    listener, event = make_listener(filter=Filter({"name": Is("Joe")})), make_event()

    def read():
        with engine.sessions() as session:
            [(_, [candidate])] = of_events(session, [event])
        return candidate

    first = read()
    assert read().filter is first.filter

    with engine.sessions.begin() as session:
        session.get(Listener, listener.id).filter = Filter({"name": Startswith("J")}).to_json()
    assert read().filter.accepts({"name": "Jim"})

    with engine.sessions.begin() as session:
        session.get(Listener, listener.id).state = State.PAUSED
    assert read().state == State.PAUSED


def test_a_filter_that_cannot_be_read_holds_what_it_might_have_wanted(engine, make_listener, make_event):
    make_listener(filter={"name": {"resembles": "Joe"}})

    with engine.sessions() as session:
        [(_, candidates)] = of_events(session, [make_event()])

    [chosen] = choose(candidates, {"name": "Joe"}, None)
    assert chosen.held.startswith("The filter could not be evaluated: ")
    assert "resembles" in chosen.held
