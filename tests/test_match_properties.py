"""Do matching's promises hold for any JSON at all?"""

from __future__ import annotations

import json

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from webhooks_app.comparison import canonical, same
from webhooks_app.errors import BadFilter, FilterUnusable, UnserializablePayload
from webhooks_app.match import (
    MISSING,
    Any,
    Changed,
    ChangedFrom,
    ChangedTo,
    Contains,
    Endswith,
    Exists,
    Filter,
    Gt,
    In,
    Is,
    Like,
    Lte,
    Not,
    Startswith,
    lint,
    matcher_from_json,
)
from webhooks_app.pattern import search_for
from webhooks_app.payload import decode, encode, jsonable

quick = settings(deadline=None, max_examples=120, database=None)

words = st.sampled_from(["", "a", "b", "a.b", "Joe", "1", "2026-01-01", "2026-01-01T10:00:00+02:00", "é"])
text = words | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.integers() | floats | text
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(text, values, max_size=4)
orderable = st.integers() | floats | st.datetimes().map(str) | st.dates().map(str)
patterns = st.sampled_from(["a", "^$", "[aJ]", ".*"])
simple = st.one_of(
    st.sampled_from([Any(), Exists(), Changed()]),
    *(values.map(kind) for kind in (Is, Contains, ChangedFrom, ChangedTo)),
    *(text.map(kind) for kind in (Startswith, Endswith)),
    *(orderable.map(kind) for kind in (Gt, Lte)),
    patterns.map(Like),
    st.lists(values, min_size=1, max_size=3).map(In),
)
matchers = simple | simple.map(Not)
filters = st.dictionaries(text, matchers, max_size=4).map(Filter)
changes = st.dictionaries(words, st.fixed_dictionaries({"old": values, "new": values}), max_size=3)


@quick
@given(matchers, values | st.just(MISSING), st.none() | st.fixed_dictionaries({"old": values, "new": values}))
def test_any_matcher_answers_yes_or_no_to_any_json(matcher, got, change):
    assert matcher.holds(got, change) in (True, False)


@quick
@given(simple, values, st.none() | st.fixed_dictionaries({"old": values, "new": values}))
def test_not_inverts_on_what_is_present(matcher, got, change):
    assert Not(matcher).holds(got, change) is not matcher.holds(got, change)


@quick
@given(matchers, st.fixed_dictionaries({"old": values, "new": values}))
def test_missing_fits_only_any_and_not_exists(matcher, change):
    assert matcher.holds(MISSING, change) is (matcher in (Any(), Not(Exists())))


@quick
@given(filters, objects, changes)
def test_explain_agrees_with_accepts(wanted, payload, changed):
    verdicts = wanted.explain(payload, changed)

    assert wanted.accepts(payload, changed) is all(verdict.holds for verdict in verdicts)
    json.dumps([[verdict.wanted, verdict.got] for verdict in verdicts], allow_nan=False)


@quick
@given(filters)
def test_filter_survives_json(wanted):
    again = Filter.from_json(json.dumps(wanted.to_json()))

    assert again == wanted
    assert again.to_json() == wanted.to_json()
    assert (str(again), hash(again)) == (str(wanted), hash(wanted))


@quick
@given(objects)
def test_filter_of_plain_values_accepts_the_payload_it_was_made_of(payload):
    conditions = {name: Is(value) for name, value in payload.items()}

    assert Filter(conditions).accepts(payload)


@quick
@given(values, values)
def test_values_are_the_same_where_their_texts_are(one, other):
    assert same(one, other) is (canonical(one) == canonical(other))
    assert same(one, json.loads(json.dumps(one)))


@quick
@given(values | st.text())
def test_no_json_breaks_reading_a_filter(source):
    for read in (Filter.from_json, matcher_from_json):
        try:
            read(source)
        except BadFilter as exc:
            assert str(exc)


@quick
@given(st.text(alphabet=r"ab()[]{}?*+\$^|.,:<=!PQEdbZ19", max_size=20), st.text(max_size=20))
def test_no_pattern_breaks_reading_or_searching(pattern, subject):
    assert isinstance(lint(pattern), list)
    try:
        search = search_for(pattern)
    except BadFilter as exc:
        assert str(exc)
        return
    try:
        assert search(subject) in (True, False)
    except FilterUnusable:
        assume(False)


@quick
@given(objects)
def test_payload_survives_being_written(payload):
    assert same(payload, decode(encode(payload)))
    assert list(decode(encode(payload))) == list(payload)
    assert jsonable(payload) == payload


@quick
@given(
    st.dictionaries(
        st.text() | st.integers(), st.text() | st.floats() | st.binary() | st.decimals() | st.times()
    )
)
def test_payload_is_written_or_refused(payload):
    try:
        written = encode(payload)
    except UnserializablePayload as exc:
        str(exc).encode()
        return
    assert written.isascii()
