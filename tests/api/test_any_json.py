"""Can any JSON at all make the API crash? It is taken or refused by its field, never a 500."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webhooks_app.match import MATCHERS

pytestmark = pytest.mark.deep

# One database serves all examples of a test: nothing here depends on what is in it.
QUICK = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()  # with NaN and Infinity, as Python writes them
    | st.text(st.characters(exclude_categories=()), max_size=8)  # with lone surrogates
)
JSON = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=6), below, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from([*MATCHERS, "name", "address", "a.b", ""])
FILTERS = st.dictionaries(
    st.sampled_from(["name", "address", "name.first", "x"]), JSON | st.dictionaries(WORDS, JSON)
)


def sent(call, method, path, body):
    return call(method, path, data=json.dumps(body), content_type="application/json")


@QUICK
@given(body=JSON)
def test_any_body_of_an_event(publish, body):
    assert sent(publish, "POST", "/hooks/person/events", body).status_code in (202, 422)


@QUICK
@given(payload=st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_any_payload_comes_back_as_it_was_or_is_refused(publish, payload):
    answer = sent(publish, "POST", "/hooks/person/events", {"payload": payload})

    assert answer.status_code in (202, 422)
    if answer.status_code == 202:
        assert publish("GET", f"/events/{answer.json['id']}").json["payload"] == payload


@QUICK
@given(body=JSON)
def test_any_body_of_a_batch(publish, body):
    assert sent(publish, "POST", "/hooks/person/events/batch", {"events": body}).status_code == 422


@QUICK
@given(wanted=FILTERS | JSON, payload=st.dictionaries(st.sampled_from(["name", "address"]), JSON))
def test_any_filter_is_refused_or_explained(write, wanted, payload):
    listener = sent(
        write, "POST", "/listeners", {"hook": "person", "url": "http://127.0.0.1:9099/", "filter": wanted}
    )
    event = sent(write, "POST", "/hooks/person/events", {"payload": payload})

    assert listener.status_code in (201, 422)
    if (listener.status_code, event.status_code) == (201, 202):
        why = write("GET", f"/events/{event.json['id']}/why?listener={listener.json['id']}")
        assert why.status_code == 200


@pytest.mark.parametrize("field", ["url", "name", "filter", "settings", "config"])
@QUICK
@given(value=JSON)
def test_any_field_of_a_listener(write, field, value):
    answer = sent(
        write, "POST", "/listeners", {"hook": "person", "url": "http://127.0.0.1:9099/", field: value}
    )

    assert answer.status_code in (201, 422)


@QUICK
@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "hook", "listener", "event", "status", "code", "since", "test"]),
        st.text(),
    )
)
def test_any_query_of_a_list(read, query):
    assert read("GET", "/deliveries", query_string=query).status_code in (200, 422)


@QUICK
@given(text=st.text(min_size=1))
def test_any_id(read, text):
    for noun in ("hooks", "events", "listeners", "deliveries"):
        assert read("GET", f"/{noun}/{text}").status_code in (200, 404)
