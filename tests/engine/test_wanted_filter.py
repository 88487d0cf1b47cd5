"""Is a condition refused that no event of its hook can ever meet?"""

from __future__ import annotations

import pytest

from tests.factories import make_listener
from webhooks_app.engine.listeners import Wanted, check, save_declared, wanted_of
from webhooks_app.errors import Refused
from webhooks_app.event import Hook
from webhooks_app.match import Filter, Startswith

URL = "http://localhost:8000/receiver"
TYPES = {"name": str, "total": float, "paid": bool, "tags": list, "address": dict}


@pytest.fixture
def typed(hooks):
    return hooks.register(Hook("typed", provides_args=TYPES))


def sentence(engine, hook, condition):
    with pytest.raises(Refused) as refused:
        check(engine, hook, Wanted(url=URL, given_filter=condition))
    [error] = refused.value.errors
    assert (error.field, error.code) == (f"filter.{next(iter(condition))}", "filter_never")
    return error.message


@pytest.mark.parametrize(
    "condition, said",
    [
        ({"paid": {"startswith": "t"}}, "paid is true or false. Choose one of any, is, not, exists."),
        ({"paid": {"not": {"startswith": "t"}}}, "paid is true or false"),  # would always hold
        ({"total": {"contains": 1}}, "total is a number"),
        ({"tags": {"gt": 1}}, "tags is a list"),
        ({"paid": {"is": "true"}}, '"is" "true" can never hold: paid is true or false.'),
        ({"total": {"gt": "2026-12-31"}}, "total is a number"),
        ({"total": {"in": ["5", "6"]}}, '"in" ["5", "6"] can never hold'),
        ({"name": 5}, "name is a text"),
        ({"address": {"is": []}}, "address is an object"),
        ({"name": {"changed": True}}, "only the events of a model say what changed"),
    ],
)
def test_what_can_never_hold_is_refused_and_says_why(engine, typed, condition, said):
    assert said in sentence(engine, typed, condition)


def test_what_changed_is_known_only_of_a_model(engine):
    said = sentence(engine, engine.hooks["person"], {"name": {"changed_to": "Joe"}})

    assert "only the events of a model say what changed" in said


@pytest.mark.parametrize(
    "condition",
    [
        {"paid": None},  # any argument may be null
        {"paid": {"not": True}},
        {"total": {"in": [5, "5"]}},  # one of them can hold
        {"total": {"gt": 1}},
        {"name": {"gt": "2026-12-31"}},
        {"tags": {"contains": 5}},  # an item may be anything
        {"tags": ["a"]},
        {"address": {"city": {"is": "York"}}},
        {"address": {"exists": False}},
        {"total": {"any": True}},
    ],
)
def test_what_can_hold_is_taken(engine, typed, condition):
    found = check(engine, typed, Wanted(url=URL, given_filter=condition))

    assert found.filter == Filter.from_json(condition)


def test_a_stored_filter_that_can_never_hold_does_not_stand_in_the_way_of_another_change(engine, typed):
    listener = make_listener(engine, hook="typed", url=URL, filter={"paid": {"startswith": "t"}})
    wanted = wanted_of(engine, listener)

    assert check(engine, typed, wanted) == wanted


def test_code_may_know_more_than_it_declared(engine, typed):
    listener = save_declared(engine, typed.listener(url=URL).match(total=Startswith("1")))

    assert listener.filter == {"total": {"startswith": "1"}}
