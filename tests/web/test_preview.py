"""What is told of a filter before it is saved?"""

import itertools

import pytest

from webhooks_app.filter import Filter
from webhooks_app.match import Contains, Gte, In, Is, Like, Not
from webhooks_app.web.preview import BUDGET_SECONDS, Sample, look_through, seen_in

ORDERS = [
    Sample({"customer": "acme", "total": 20}, id="evt_1"),
    Sample({"customer": "acme", "total": 9}, id="evt_2"),
    Sample({"customer": "globex", "total": 30, "note": "x"}, id="evt_3"),
]


def test_it_counts_who_passes_and_shows_where_they_stop():
    found = look_through(Filter({"customer": "acme", "total": Gte(12)}), ORDERS)

    assert (found.matched, found.checked, found.total) == (1, 3, 3)
    assert found.funnel == [('customer is "acme"', 2), ("total ≥ 12", 1)]
    assert found.passes == {"customer": 2, "total": 2}  # each for itself, whatever the other says
    assert found.marks == [True, False, False]


def test_it_shows_what_matches_and_why_others_do_not():
    found = look_through(Filter({"customer": "acme", "total": Gte(12), "note": In(["x"])}), ORDERS)

    assert found.matches == []
    assert [(one.sample.id, one.why) for one in found.rejected] == [
        ("evt_1", "note is absent"),
        ("evt_2", "total is 9"),
        ("evt_3", 'customer is "globex"'),
    ]


def test_it_agrees_with_the_filter():
    asked = Filter({"customer": Contains("o")})

    assert look_through(asked, ORDERS).matched == sum(asked.accepts(one.payload) for one in ORDERS)


def test_two_conditions_on_one_argument_pass_together():
    found = look_through(Filter({"total": (Gte(10), Not(30))}), ORDERS)

    assert found.passes == {"total": 1}


def test_it_stops_when_its_time_is_over_and_says_how_far_it_came():
    ticks = itertools.count(0, BUDGET_SECONDS * 0.6)

    found = look_through(Filter({"total": Gte(12)}), ORDERS, clock=lambda: next(ticks))

    assert (found.checked, found.total, found.is_cut) == (2, 3, True)


def test_one_event_is_looked_at_however_slow():
    ticks = itertools.count(0, BUDGET_SECONDS * 10)

    assert look_through(Filter({}), ORDERS, clock=lambda: next(ticks)).checked == 1


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Filter({"email": "x"}), "email was absent in 3 of 3 events."),
        (Filter({"total": Gte(1)}), "All 3 events match: so far the same as no filter."),
        (Filter({"customer": Like(".*")}), "customer: this regular expression fits every text."),
        (Filter({"customer": Like(r"\d")}), "customer: \\d and \\D know only the digits 0 to 9"),
        (Filter({"customer": Not(Like(r"\w$"))}), "customer: $ matches only at the very end"),
    ],
)
def test_it_warns_of_what_people_rarely_mean(asked, sentence):
    assert any(one.startswith(sentence) for one in look_through(asked, ORDERS).warnings)


@pytest.mark.parametrize("asked", [Filter({}), Filter({"customer": Is("acme")})])
def test_it_does_not_warn_of_what_is_right(asked):
    assert look_through(asked, ORDERS).warnings == []


def test_what_cannot_be_searched_is_a_reason():
    huge = [Sample({"customer": "x" * 70_000})]

    found = look_through(Filter({"customer": Like("y")}), huge)

    assert "64 KiB" in found.rejected[0].why


def test_an_argument_is_told_by_what_events_had():
    seen = seen_in(ORDERS, "customer")

    assert (seen.present, seen.total, seen.type, seen.example) == (3, 3, "text", "acme")
    assert seen.frequent == (("acme", 2), ("globex", 1))
    assert seen_in(ORDERS, "note").present == 1
    assert seen_in(ORDERS, "email").type == ""


@pytest.mark.parametrize(
    ("value", "word"),
    [(True, "boolean"), (1, "number"), (1.5, "number"), (None, "null"), ([1], "list"), ({}, "object")],
)
def test_the_type_of_what_events_had_is_named(value, word):
    assert seen_in([Sample({"a": value})], "a").type == word
