"""Does each matcher fit what it should, and nothing else?"""

from __future__ import annotations

import copy
import pickle
from datetime import date
from enum import Enum

import pytest

from webhooks_app.errors import BadFilter
from webhooks_app.match import (
    MATCHERS,
    MISSING,
    Any,
    Changed,
    ChangedFrom,
    ChangedTo,
    Contains,
    Endswith,
    Exists,
    Gt,
    Gte,
    In,
    Is,
    Like,
    Lt,
    Lte,
    Not,
    Startswith,
    matcher_from_json,
    matchers_for,
)

ONE_OF_EACH = [
    Any(), Is("x"), Startswith("x"), Endswith("x"), Contains("x"), Like("x"), Not("x"), In(["x", 1]),
    Gt(1), Gte(1), Lt("2026-12-31"), Lte(1.5), Exists(), Changed(), ChangedFrom("x"), ChangedTo(None),
    Not(Exists()), Not(Changed()), Not(Not(Contains("x"))),
]  # fmt: skip


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("matcher", "value", "fits"),
    [
        (Any(), None, True),
        (Any(), MISSING, True),
        (Is("paid"), "paid", True),
        (Is("paid"), "Paid", False),
        (Is(Colour.RED), "red", True),  # converted as a payload is
        (Is(date(2026, 12, 31)), "2026-12-31", True),
        (Is(1), 1.0, True),  # numbers compare by value
        (Is(1), "1", False),
        (Is(1), True, False),  # although Python says True == 1
        (Is(0), False, False),
        (Is(True), 1, False),
        (Is(False), False, True),
        (Is(None), None, True),
        (Is(None), MISSING, False),  # null is a value
        (Is(None), 0, False),
        (Is([1, {"a": 2}]), [1.0, {"a": 2}], True),
        (Is([1]), [True], False),  # strict inside, too
        (Is([1]), [1, 2], False),
        (Is({"a": 1}), {"a": "1"}, False),
        (Is({"a": 1, "b": 2}), {"b": 2, "a": 1}, True),
        (Is(10**400), 1e300, False),  # a comparison that must not overflow
        (Startswith("J"), "Joe", True),
        (Startswith("j"), "Joe", False),
        (Startswith("1"), 12, False),  # a number is not text
        (Startswith(""), "", True),
        (Startswith(""), MISSING, False),  # an absent argument is not an empty one
        (Startswith(""), None, False),
        (Endswith("York"), "New York", True),
        (Endswith("York"), ["York"], False),
        (Contains("ew"), "New York", True),
        (Contains("a"), ["a", "b"], True),
        (Contains("a"), [["a"]], False),  # an item, not an item's item
        (Contains(1), [True], False),
        (Contains(1), "1", False),
        (Contains("a"), {"a": 1}, False),
        (Like("J.*n"), "Mr Jansen", True),  # it searches
        (Like("^J"), "Mr Jansen", False),
        (Like("1"), 1, False),
        (Like("^..$"), "é€", True),  # characters, not bytes
        (Like("ud800"), "\ud800", True),  # a lone surrogate is searched as its escape
        (In(["a", 1]), "a", True),
        (In(["a", 1]), 1.0, True),
        (In(["a", 1]), True, False),
        (In(["a", 1]), MISSING, False),
        (In([None]), None, True),
        (Gt(1), 2, True),
        (Gt(1), 1, False),
        (Gt(1), "2", False),
        (Gt(0), True, False),
        (Gte(1), 1.0, True),
        (Lt(10**400), 1.5, True),
        (Lte(1), 1, True),
        (Gt("2026-01-31"), "2026-02-01", True),
        (Gt("2026-01-31"), "2026-01-31T10:00:00Z", True),  # a date alone is its first moment
        (Gt("2026-01-31T12:00:00+02:00"), "2026-01-31T11:00:00+01:00", False),  # the same moment
        (Gte("2026-01-31T12:00:00+02:00"), "2026-01-31T10:00:00", True),  # no offset means UTC
        (Gt("2026-01-31"), "soon", False),
        (Gt("2026-01-31"), 20270101, False),
        (Lt("9999-12-31"), "20260131", False),  # looks like a number
        (Lt("9999-12-31T23:59:59-23:59"), "0001-01-01T00:00+23:59", True),  # beyond the calendar in UTC
        (Exists(), None, True),
        (Exists(), MISSING, False),
        (Not(Exists()), MISSING, True),
        (Not(Not(Not(Exists()))), MISSING, True),
        (Not(Not(Exists())), MISSING, False),
        (Not(Is("x")), "y", True),
        (Not("x"), "x", False),  # a plain value means Is
        (Not(Is("x")), MISSING, False),  # nothing is known of what is not there
        (Not(Not(Is("x"))), MISSING, False),
        (Not(Any()), MISSING, False),
    ],
)
def test_matcher_fits_exactly_what_it_asks_for(matcher, value, fits):
    assert matcher.holds(value) is fits


@pytest.mark.parametrize(
    ("matcher", "change", "fits"),
    [
        (Changed(), {"old": "a", "new": "b"}, True),
        (Changed(), None, False),
        (Not(Changed()), None, True),
        (ChangedFrom("a"), {"old": "a", "new": "b"}, True),
        (ChangedFrom("b"), {"old": "a", "new": "b"}, False),
        (ChangedTo("b"), {"old": "a", "new": "b"}, True),
        (ChangedTo(1), {"old": 0, "new": True}, False),
        (ChangedTo(None), {"old": 0}, False),  # inside an object that lost the argument
        (Not(ChangedTo("b")), {"old": "b", "new": "a"}, True),
    ],
)
def test_matcher_of_changes_asks_what_the_event_changed(matcher, change, fits):
    assert matcher.looks_at_change
    assert matcher.holds("b", change) is fits
    assert matcher.holds(MISSING, change) is False


@pytest.mark.parametrize("matcher", ONE_OF_EACH, ids=repr)
def test_matcher_survives_json_copy_and_pickle(matcher):
    assert matcher_from_json(matcher.to_json()) == matcher
    assert copy.deepcopy(matcher) == matcher
    assert pickle.loads(pickle.dumps(matcher)) == matcher
    assert hash(copy.copy(matcher)) == hash(matcher)


def test_matchers_are_equal_by_value_and_kind():
    assert len(set(ONE_OF_EACH)) == len(ONE_OF_EACH)
    assert Is(1) == Is(1.0)
    assert Is(1) != Is(True)
    assert Is("x") != "x"
    assert In({"b", "a"}) == In(["a", "b", "b"])


def test_matcher_cannot_be_changed():
    with pytest.raises(AttributeError, match="Is cannot be changed"):
        Is(1).value = 2
    with pytest.raises(AttributeError, match="Is cannot be changed"):
        del Is(1).value


def test_matcher_keeps_its_own_copy_of_a_value():
    wanted = [1]
    matcher = Is(wanted)

    wanted.append(2)

    assert matcher.holds([1])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Startswith(1), '"startswith" takes text'),
        (lambda: Like(None), '"like" takes text'),
        (lambda: Is(object()), "object is not a JSON type"),
        (lambda: Is(float("nan")), "nan is not a JSON number"),
        (lambda: Is("\ud800"), "lone surrogate"),
        (lambda: In([]), "at least one value"),
        (lambda: In("ab"), "takes a list"),  # which would mean its letters
        (lambda: In(range(1001)), "at most 1000"),
        (lambda: Gt("10"), "a number or an ISO date"),
        (lambda: Gt(True), "a number or an ISO date"),
        (lambda: Not(Not(Not(Not(Not(Not(Not(Not(Not(1))))))))), "at most 8 deep"),
    ],
)
def test_matcher_that_could_never_fit_is_refused(make, reason):
    with pytest.raises(BadFilter, match=reason):
        make()


@pytest.mark.parametrize(
    ("spec", "matcher"),
    [
        ("Joe", Is("Joe")),
        ([1, 2], Is([1, 2])),
        (None, Is(None)),
        ({"is": {"a": 1}}, Is({"a": 1})),
        ({"exists": False}, Not(Exists())),
        ({"changed": False}, Not(Changed())),
        ({"not": "x"}, Not(Is("x"))),
        ({"not": {"is": "x"}}, Not(Is("x"))),
        ({"not": {"exists": True}}, Not(Exists())),
    ],
)
def test_matcher_is_read_from_json(spec, matcher):
    assert matcher_from_json(spec) == matcher


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"iss": "Joe"}, 'name: "iss" is not a matcher; there are any, is, '),
        ({}, "name: A matcher is one word"),
        ({"gt": 1, "lt": 2}, "name: A matcher is one word"),
        ({"any": False}, 'name: "any" takes only true.'),
        ({"exists": 1}, 'name: "exists" takes only true or false.'),
        ({"in": 5}, 'name: "in" takes a list'),
    ],
)
def test_matcher_that_is_not_one_is_refused_with_its_argument(spec, reason):
    with pytest.raises(BadFilter) as caught:
        matcher_from_json(spec, argument="name")

    assert str(caught.value).startswith(reason)
    assert caught.value.argument == "name"


def test_table_holds_every_matcher_by_the_word_of_the_contract():
    words = (
        "any is startswith endswith contains like not in gt gte lt lte exists changed changed_from changed_to"
    )
    assert list(MATCHERS) == words.split()
    assert all(matcher.__doc__ and matcher.label and matcher.types for matcher in MATCHERS.values())


def test_typed_argument_offers_only_what_can_match_it():
    always = ["any", "is", "not", "exists", "changed", "changed_from", "changed_to"]

    offered = {
        kind: {matcher.name for matcher in matchers_for(kind)} for kind in ("number", "boolean", "list")
    }

    assert offered["boolean"] == set(always)
    assert offered["number"] == {*always, "in", "gt", "gte", "lt", "lte"}
    assert offered["list"] == {*always, "contains"}
    assert matchers_for("") == matchers_for("any") == tuple(MATCHERS.values())
