"""Do lists lose no row and double none, and refuse what they do not understand?"""

from __future__ import annotations

import pytest

from tests.api.conftest import refused
from webhooks_app.engine.failures import CLASSES
from webhooks_app.storage.queries.page import Cursor

LISTS = ["/hooks", "/events", "/listeners", "/deliveries"]


@pytest.mark.parametrize("path", ["/events", "/listeners", "/deliveries"])
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_every_row_is_met_once_although_new_ones_arrive(read, make_delivery, clock, path, limit):
    kind = {"/events": "event_id", "/listeners": "listener_id", "/deliveries": "id"}[path]
    rows = []
    for number in range(5):
        rows.insert(0, getattr(make_delivery(), kind))
        clock.tick(number % 2)  # some in the same millisecond

    met, cursor = [], ""
    while cursor is not None:
        page = read("GET", f"{path}?limit={limit}{cursor and '&cursor=' + cursor}").json
        met += [row["id"].partition("_")[2] for row in page["data"]]
        cursor = page["next"]
        make_delivery()

    assert met == rows


def test_the_hooks_are_paged_in_their_order(read):
    first = read("GET", "/hooks?limit=1").json
    second = read("GET", f"/hooks?limit=1&cursor={first['next']}").json

    assert [row["name"] for row in first["data"] + second["data"]] == ["person", "order"]
    assert second["next"] is None


def test_a_hook_tells_its_arguments(read):
    assert read("GET", "/hooks/order").json == {
        "name": "order",
        "verbose_name": "Order",
        "description": "",
        "provides_args": [
            {"name": "customer", "type": "text"},
            {"name": "total", "type": "number"},
            {"name": "paid", "type": "boolean"},
        ],
    }


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_page_is_a_page(read, path):
    answer = read("GET", f"{path}?limit=200")

    assert answer.status_code == 200
    assert answer.json["next"] is None
    assert list(answer.json) == ["data", "next"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "", "1.5", "9" * 5000])
def test_a_page_has_1_to_200_rows(read, path, limit):
    assert {field for field, _ in refused(read("GET", f"{path}?limit={limit}"))} == {"limit"}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["stauts", "sort", "order_by"])  # no list is sorted by what somebody writes
def test_a_misspelt_filter_is_refused_and_not_passed_over(read, path, name):
    assert refused(read("GET", f"{path}?{name}=id;drop table")) == {(name, "unknown_field")}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "",
        "%00",
        Cursor(999_999_999_999_999, "0" * 32).encode(),  # a moment that no datetime can hold
        "bzE.",
    ],
)
def test_a_cursor_that_no_list_gave_is_refused(read, path, cursor):
    assert refused(read("GET", f"{path}?cursor={cursor}")) == {("cursor", "bad_cursor")}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=bad", "status"),
        ("status=failed,bad", "status"),
        ("status=", "status"),  # an empty filter would show everything, as a misspelt one would
        ("status=,", "status"),
        ("status=failed,", "status"),
        ("hook=", "hook"),
        ("listener=", "listener"),
        ("event=", "event"),
        ("code=", "code"),
        ("error_class=", "error_class"),
        ("error_class=nope", "error_class"),
        ("error_class=http_", "error_class"),
        ("error_class=http_999", "error_class"),
        ("hook=nope", "hook"),
        ("since=", "since"),
        ("until=", "until"),
        ("test=", "test"),
        ("code=600", "code"),
        ("code=5%D9%A0%D9%A0", "code"),
        ("code=5x", "code"),
        ("listener=evt_" + "0" * 32, "listener"),
        ("listener=" + "0" * 32, "listener"),
        ("event=1", "event"),
        ("since=yesterday", "since"),
        ("since=2026-03-02", "since"),
        ("since=2026-03-02T09:30:00", "since"),  # whose noon?
        ("until=2026-02-30T09:30:00Z", "until"),
        ("until=0001-01-01T00:00:00%2B23:00", "until"),  # before any datetime
        ("hook=a%00b", "hook"),
        ("test=perhaps", "test"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(read, query, field):
    assert {named for named, _ in refused(read("GET", f"/deliveries?{query}"))} == {field}


def test_listeners_are_narrowed_by_hook_and_state(read, make_listener):
    make_listener()
    paused = make_listener(hook="order", state="paused")

    for query in ("hook=order", "state=paused", "hook=order&state=paused"):
        assert [row["id"] for row in read("GET", f"/listeners?{query}").json["data"]] == [f"lsn_{paused.id}"]


@pytest.mark.parametrize("query", ["state=asleep", "state=", "hook="])
def test_listeners_are_not_narrowed_by_what_means_nothing(read, query):
    [(field, code)] = refused(read("GET", f"/listeners?{query}"))

    assert field == query.partition("=")[0] and code == ("invalid" if field == "hook" else "not_allowed")


@pytest.mark.parametrize("path", ["/events", "/listeners", "/deliveries"])
def test_a_hook_that_there_never_was_is_refused_and_one_that_was_is_not(
    read, make_event, make_delivery, path
):
    make_delivery(event=make_event(hook="was.registered.once"))

    answer = read("GET", f"{path}?hook=persn")

    assert refused(answer) == {("hook", "unknown_hook")}
    assert "The hooks are: person, order." in answer.json["detail"]
    assert read("GET", f"{path}?hook=order").json["data"] == []
    assert len(read("GET", f"{path}?hook=was.registered.once").json["data"]) == 1


@pytest.mark.parametrize("word", [*CLASSES, "http_503"])
def test_deliveries_are_narrowed_by_every_error_class(read, make_delivery, word):
    delivery = make_delivery(last_error_class=word)

    [row] = read("GET", f"/deliveries?error_class={word}").json["data"]

    assert row["id"] == f"dlv_{delivery.id}"


def test_a_word_that_there_is_not_has_the_same_code_wherever_it_stands(read):
    assert refused(read("GET", "/listeners?state=asleep")) == {("state", "not_allowed")}
    assert refused(read("GET", "/deliveries?status=asleep")) == {("status", "not_allowed")}


def test_a_list_has_an_etag(read):
    etag = read("GET", "/hooks").headers["ETag"]

    assert read("GET", "/hooks", headers={"If-None-Match": etag}).status_code == 304
