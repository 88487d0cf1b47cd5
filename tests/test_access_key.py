"""Which key does a filter give, and does every event that the filter accepts have that key?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.filters import wanted
from webhooks_app.access_key import EVERY_EVENT, MOST_KEYS, Kind, access_key, possible_keys, stored_key
from webhooks_app.errors import FilterUnusable
from webhooks_app.match import (
    Any,
    Changed,
    ChangedTo,
    Contains,
    Endswith,
    Exists,
    Filter,
    Gt,
    In,
    Is,
    Like,
    Not,
    Startswith,
)

LONG = "x" * 65


@pytest.mark.parametrize(
    ("conditions", "key"),
    [
        ({"name": "Joe"}, 'is:name="Joe"'),
        ({"total": 1.0}, "is:total=1"),  # a number by its value
        ({"total": "1"}, 'is:total="1"'),  # and a text is not one
        ({"total": -0.0}, "is:total=0"),
        ({"address": {"city": "York"}}, 'is:address.city="York"'),
        ({"tags": Is(["a", {"b": None}])}, 'is:tags=["a",{"b":null}]'),
        ({"name": In(["Joe"])}, 'is:name="Joe"'),
        ({"name": In(["Joe", "Jim"])}, "*"),
        ({"name": Startswith("J")}, "startswith:name=J"),
        ({"name": Endswith("e")}, "endswith:name=e"),
        ({"name": Startswith("a" + LONG)}, "startswith:name=a" + LONG[:63]),
        ({"name": Endswith(LONG + "a")}, "endswith:name=" + LONG[:63] + "a"),
        ({"name": Startswith("")}, "*"),
        ({"name": Contains("Joseph")}, "contains:name=Jos"),
        ({"name": Contains("Jo")}, "*"),  # too short for its first three characters
        ({"list": Contains(5)}, "*"),
        ({"name": Like("^Jo.*seph$")}, "contains:name=sep"),
        ({"name": Like("(?i)joseph")}, "*"),
        ({"name": Not("Joe")}, "*"),
        ({"name": Gt(5)}, "*"),
        ({"name": Exists()}, "*"),
        ({"name": Changed()}, "*"),
        ({"name": ChangedTo("Joe")}, "*"),
        ({"name": Any()}, "*"),
        ({}, "*"),
        # The key that tells most events apart.
        ({"a": Contains("abcd"), "b": Startswith("x"), "c": "y"}, 'is:c="y"'),
        ({"a": Contains("abcd"), "b": Startswith("x")}, "startswith:b=x"),
        ({"a": "x", "b": "longer", "c": 1}, 'is:b="longer"'),
        ({"a": Contains("abcd"), "b": Like("longer")}, "contains:b=lon"),
        ({"paid": True}, "is:paid=true"),
        ({"paid": True, "text": Contains("abc")}, "contains:text=abc"),
        # Characters of every kind, in printable ASCII.
        ({"name": Startswith("é\0")}, "startswith:name=\\u00e9\\u0000"),
        ({"名": 1}, "is:\\u540d=1"),
        # Names from which no kind could be read back.
        ({"a=b": 1}, "*"),
        ({"a\\b": 1}, "*"),
        ({"a\nb": 1}, "*"),
        ({"n" * 65: 1}, "*"),
        # The second regular expression is not evaluated where the first cannot be.
        ({"a": Not(Like("x")), "b": Like("abc")}, "*"),
        ({"a": Like("x"), "b": Like("abc")}, "*"),
        ({"a": Like("abc"), "b": Like("x")}, "contains:a=abc"),
        ({"a": Is(1), "b": Not(Like("x"))}, "is:a=1"),
    ],
)
def test_the_key_of_a_filter(conditions, key):
    wanted = Filter(conditions)

    assert (
        access_key(wanted) == stored_key(wanted.to_json()) == stored_key(json.dumps(wanted.to_json())) == key
    )


def test_the_first_regular_expression_is_the_first_one_of_the_filter_as_it_is_stored():
    asked = Filter.from_json({"a": {"contains": "x"}, "b": {"like": "abc"}}) & Filter({"a": Like("xyz")})

    assert access_key(asked) == stored_key(asked.to_json()) == "contains:a=xyz"


def test_a_long_value_is_told_by_its_sha256():
    key = access_key(Filter({"name": LONG}))

    assert len(key) == len("is:name=") + 64
    assert key != access_key(Filter({"name": LONG + "x"}))
    assert key in possible_keys({"name": LONG}, [Kind("is", "name")]).keys


@pytest.mark.parametrize("conditions", [{"name": {"resembles": "Joe"}}, [], None, "no JSON"])
def test_a_filter_that_cannot_be_read_is_shown_every_event(conditions):
    assert stored_key(conditions) == EVERY_EVENT


@pytest.mark.parametrize("name", ["name", "address.city", "名", "a:b", "a b"])
def test_a_kind_is_read_back_from_its_keys(name):
    key = access_key(Filter({name: 1}))

    assert Kind.from_text(key.partition("=")[0]) == Kind("is", name)


@pytest.mark.parametrize(
    ("payload", "kind", "keys"),
    [
        ({"a": 1}, Kind("is", "a"), {"is:a=1"}),
        ({"a": {"b": True}}, Kind("is", "a.b"), {"is:a.b=true"}),
        ({"a.b": None}, Kind("is", "a.b"), {"is:a.b=null"}),
        ({}, Kind("is", "a"), set()),
        ({"a": "xyz"}, Kind("startswith", "a"), {"startswith:a=x", "startswith:a=xy", "startswith:a=xyz"}),
        ({"a": "xyz"}, Kind("endswith", "a"), {"endswith:a=z", "endswith:a=yz", "endswith:a=xyz"}),
        ({"a": "wxyz"}, Kind("contains", "a"), {"contains:a=wxy", "contains:a=xyz"}),
        ({"a": ["wxyz", "ab", 5]}, Kind("contains", "a"), {"contains:a=wxy"}),  # an item is asked whole
        ({"a": "xy"}, Kind("contains", "a"), set()),
        ({"a": 5}, Kind("contains", "a"), set()),
        ({"a": 5}, Kind("startswith", "a"), set()),
        ({"a": "\U0001f600bc"}, Kind("contains", "a"), {"contains:a=\\ud83d\\ude00bc"}),  # by code points
    ],
)
def test_the_keys_of_an_event_of_one_kind(payload, kind, keys):
    asked = possible_keys(payload, [kind])

    assert asked.keys == keys | {EVERY_EVENT}
    assert list(asked.whole) == []


def test_beginnings_and_ends_have_64_characters_at_most():
    asked = possible_keys({"a": "x" * 1000}, [Kind("startswith", "a"), Kind("endswith", "a")])

    assert len(asked.keys) == 1 + 2 * 64


def test_an_event_with_too_many_keys_shows_itself_to_all_that_ask_for_parts():
    kinds = [Kind("contains", "long"), Kind("contains", "short"), Kind("is", "short")]
    text = "".join(map(chr, range(0x4E00, 0x4E00 + MOST_KEYS + 10)))  # every three characters are others

    asked = possible_keys({"long": text, "short": "abc"}, kinds)

    assert asked.keys == {EVERY_EVENT, 'is:short="abc"'}
    assert list(asked.whole) == kinds[:2]


@pytest.mark.parametrize("text", ["x" * (64 * 1024 + 1), "é" * (32 * 1024 + 1), "abc\ud800"])
def test_a_text_that_no_regular_expression_can_search_is_shown_to_all_that_ask_for_parts(text):
    kind = Kind("contains", "a")

    assert list(possible_keys({"a": text}, [kind]).whole) == [kind]


@settings(deadline=None, max_examples=400, database=None)
@given(st.lists(wanted, min_size=1, max_size=4))
def test_every_event_that_a_filter_accepts_has_its_key(some):
    for asked, _ in some:
        key = access_key(asked)
        assert key.isascii()
        assert key.isprintable()
        kinds = [] if key == EVERY_EVENT else [Kind.from_text(key.partition("=")[0])]
        for _, payload in some:
            try:
                accepted = asked.accepts(payload)
            except FilterUnusable:
                accepted = True
            possible = possible_keys(payload, kinds)
            assert not accepted or key in possible.keys or list(possible.whole) == kinds
