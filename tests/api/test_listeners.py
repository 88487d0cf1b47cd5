"""Do listeners come, change and go as the contract says?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.api.conftest import refused
from webhooks_app.engine.listeners import own_headers
from webhooks_app.storage.models import Listener, Secret

WANTED = {
    "hook": "person",
    "url": "http://127.0.0.1:9099/hook",
    "filter": {"name": {"is": "Joe"}, "address": {"endswith": "York"}},
    "settings": {"timeout_seconds": 5, "retry_schedule": "5s,5m", "headers": {"X-Key": "top secret"}},
}
KEYS = [
    "id", "hook", "url", "name", "filter", "state", "state_reason", "settings", "config",
    "created_at", "updated_at",
]  # fmt: skip


@pytest.fixture
def path(write):
    return f"/listeners/{write('POST', '/listeners', json=WANTED).json['id']}"


def test_a_new_listener_is_answered_with_its_secret_once(write):
    answer = write("POST", "/listeners", json=WANTED)

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json) == [*KEYS, "secret"]
    assert answer.json["secret"].startswith("whsec_")
    assert answer.json["id"].startswith("lsn_")
    assert answer.json["filter"] == WANTED["filter"]
    assert answer.json["settings"] == {
        "timeout_seconds": 5.0,
        "retry_schedule": "5s,5m",
        "rate_limit_per_second": None,
        "sends_in_flight": None,
        "body_format": "plain",
        "answer_bodies": "keep",
        "headers": {"x-key": "(hidden)"},
        "public_headers": [],
        "trusted_ca": None,
    }
    location = answer.headers["Location"]
    assert location == f"/api/v1/listeners/{answer.json['id']}"
    again = write("GET", location.removeprefix("/api/v1"))
    assert list(again.json) == KEYS
    assert answer.json["secret"] not in again.get_data(as_text=True)


def test_nobody_reads_the_values_of_its_headers_again(read, write, path):
    for call in (read, write):
        assert call("GET", path).json["settings"]["headers"] == {"x-key": "(hidden)"}
        assert call("GET", "/listeners").json["data"][0]["settings"]["headers"] == {"x-key": "(hidden)"}


def test_a_header_that_is_sent_back_hidden_keeps_its_value(write, path, engine):
    headers = {**write("GET", path).json["settings"]["headers"], "X-Team": "sales"}

    write("PATCH", path, json={"settings": {"headers": headers}})

    with engine.sessions() as session:
        row = session.scalar(sa.select(Listener))
    assert own_headers(engine, row) == {"x-key": "top secret", "x-team": "sales"}


def test_a_hidden_value_without_a_stored_one_is_refused(write, path):
    change = {"settings": {"headers": {"X-Other": "(hidden)"}}}

    assert refused(write("PATCH", path, json=change)) == {("settings.headers", "header_hidden")}
    assert refused(write("POST", "/listeners", json={**WANTED, **change})) == {
        ("settings.headers", "header_hidden")
    }


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"hook": "persn"}, {("hook", "unknown_hook")}),
        ({"hook": None}, {("hook", "null")}),
        ({"hook": 1}, {("hook", "invalid_type")}),
        ({"url": "ftp://example.com"}, {("url", "url_scheme")}),
        ({"url": ""}, {("url", "url_scheme")}),
        ({"url": 7}, {("url", "invalid_type")}),
        ({"name": "a\u0000b"}, {("name", "invalid")}),
        ({"name": "\ud800"}, {("name", "invalid")}),
        ({"name": "x" * 201}, {("name", "name_length")}),
        ({"filter": []}, {("filter", "invalid_type")}),
        ({"filter": {"name": {"bogus": 1}}}, {("filter.name", "bad_filter")}),
        ({"filter": {"age": {"is": 1}}}, {("filter.age", "filter_argument")}),
        ({"filter": {"name": {"like": "("}}}, {("filter.name", "bad_filter")}),
        ({"settings": None}, {("settings", "null")}),
        ({"settings": {"timeout_seconds": "5"}}, {("settings.timeout_seconds", "invalid_type")}),
        ({"settings": {"timeout_seconds": True}}, {("settings.timeout_seconds", "invalid_type")}),
        ({"settings": {"timeout_seconds": 61}}, {("settings.timeout_seconds", "out_of_range")}),
        ({"settings": {"timeout_seconds": 10**400}}, {("settings.timeout_seconds", "out_of_range")}),
        ({"settings": {"retry_schedule": "soon"}}, {("settings.retry_schedule", "schedule")}),
        ({"settings": {"sends_in_flight": 1.5}}, {("settings.sends_in_flight", "invalid_type")}),
        ({"settings": {"body_format": "xml"}}, {("settings.body_format", "body_format")}),
        ({"settings": {"answer_bodies": "hide"}}, {("settings.answer_bodies", "answer_bodies")}),
        ({"settings": {"headers": {"Host": "x"}}}, {("settings.headers", "header_reserved")}),
        ({"settings": {"headers": ["X-Key"]}}, {("settings.headers", "invalid_type")}),
        ({"settings": {"headers": {"X-A": 1}}}, {("settings.headers.X-A", "invalid_type")}),
        ({"settings": {"headers": {"X\0": "a"}}}, {("settings.headers.X\0", "invalid")}),
        ({"config": {"x": 1}}, {("config.x", "unknown_field")}),
        ({"id": "lsn_1", "state": "paused"}, {("id", "read_only"), ("state", "read_only")}),
        ({"secret": "whsec_mine"}, {("secret", "unknown_field")}),
    ],
)
def test_what_a_listener_cannot_be_is_refused_by_its_field(write, change, errors):
    assert refused(write("POST", "/listeners", json={**WANTED, **change})) == errors


def test_every_fault_is_told_at_once(write):
    wanted = {**WANTED, "url": "ftp://x", "settings": {"timeout_seconds": 0, "sends_in_flight": 99}}

    assert {field for field, _ in refused(write("POST", "/listeners", json=wanted))} == {
        "url",
        "settings.timeout_seconds",
        "settings.sends_in_flight",
    }


def test_a_filter_hides_no_other_fault_and_tells_each_of_its_own(write, path):
    conditions = {"age": {"is": 1}, "size": {"gt": 1}, "name": {"like": "("}}
    wanted = {"url": "ftp://x", "filter": conditions}
    faults = {
        ("url", "url_scheme"), ("filter.age", "filter_argument"), ("filter.size", "filter_argument"),
        ("filter.name", "bad_filter"),
    }  # fmt: skip

    assert refused(write("POST", "/listeners", json={**WANTED, **wanted})) == faults
    assert refused(write("PATCH", path, json=wanted)) == faults


def test_a_change_leaves_what_it_does_not_name(write, path):
    before = write("GET", path).json

    answer = write("PATCH", path, json={"name": "Tower", "settings": {"timeout_seconds": None}})

    expected = {**before, "name": "Tower", "settings": {**before["settings"], "timeout_seconds": None}}
    assert answer.status_code == 200
    assert answer.json == expected


NOT_GIVEN = {
    **dict.fromkeys(("id", "state", "state_reason", "created_at", "updated_at"), "read_only"),
    **dict.fromkeys(("version", "is_admin", "disabled_reason", "headers_sealed", "secret"), "unknown_field"),
}


@pytest.mark.parametrize(("field", "code"), NOT_GIVEN.items())
def test_a_change_names_only_what_can_change(write, path, field, code):
    """Row 65 of the security plan."""
    assert refused(write("PATCH", path, json={field: 1})) == {(field, code)}
    assert refused(write("POST", "/listeners", json={**WANTED, field: 1})) == {(field, code)}


def test_a_listener_that_is_sent_back_as_it_was_read_is_told_what_cannot_be_set(write, path):
    answer = write("PATCH", path, json=write("GET", path).json)

    fixed = ("hook", "id", "state", "state_reason", "created_at", "updated_at")
    assert refused(answer) == {(field, "read_only") for field in fixed}
    told = {error["field"]: error["message"] for error in answer.json["errors"]}
    assert "/pause or /resume" in told["state"] and "keeps its hook" in told["hook"]


def test_null_sets_nothing_either(write, path):
    assert refused(write("PATCH", path, json={"state": None})) == {("state", "read_only")}


def test_a_filter_is_changed_as_a_whole(write, path):
    assert write("PATCH", path, json={"filter": {}}).json["filter"] == {}


def test_a_change_with_an_old_etag_is_refused(write, path):
    etag = write("GET", path).headers["ETag"]

    first = write("PATCH", path, json={"name": "One"}, headers={"If-Match": etag})
    second = write("PATCH", path, json={"name": "Two"}, headers={"If-Match": etag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert write("GET", path).json["name"] == "One"
    assert write("PATCH", path, json={"name": "Three"}, headers={"If-Match": "*"}).status_code == 200


def test_what_has_not_changed_is_answered_304(read, write, path):
    etag = read("GET", path).headers["ETag"]

    same = read("GET", path, headers={"If-None-Match": etag})
    write("POST", f"{path}/pause")
    other = read("GET", path, headers={"If-None-Match": etag})

    assert (same.status_code, same.get_data()) == (304, b"")
    assert same.headers["ETag"] == etag
    assert other.status_code == 200


def test_a_deleted_listener_is_gone(write, path):
    answer = write("DELETE", path)

    assert (answer.status_code, answer.get_data()) == (204, b"")
    for method, below in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/test"),
    ):
        assert write(method, path + below, json={} if method == "PATCH" else None).status_code == 404
    assert write("GET", "/listeners").json["data"] == []


def test_pause_and_resume_need_no_body_and_no_media_type(write, path):
    paused = write("POST", f"{path}/pause")
    again = write("POST", f"{path}/pause", data=b"anything", content_type="text/plain")
    resumed = write("POST", f"{path}/resume")

    assert (paused.status_code, paused.json["state"]) == (200, "paused")
    assert paused.json["state_reason"] == "Paused by token write token."
    assert again.json["state"] == "paused"
    assert (resumed.json["state"], resumed.json["state_reason"]) == ("active", "")


def test_a_test_is_sent_to_this_listener_alone(write, path, queue):
    answer = write("POST", f"{path}/test")

    assert answer.status_code == 202
    assert list(answer.json) == ["event_id", "delivery_id"]
    assert answer.headers["Location"] == f"/api/v1/deliveries/{answer.json['delivery_id']}"
    assert queue.pushed_ids == [answer.json["delivery_id"].removeprefix("dlv_")]
    assert write("GET", f"/deliveries/{answer.json['delivery_id']}").json["test"] is True


def test_a_test_takes_a_payload(write, path):
    answer = write("POST", f"{path}/test", json={"payload": {"name": "Ann"}})

    assert write("GET", f"/events/{answer.json['event_id']}").json["payload"] == {"name": "Ann"}
    assert refused(write("POST", f"{path}/test", json={"payload": 1})) == {("payload", "invalid_type")}
    assert write("POST", f"{path}/test", data=b"{", content_type="application/json").status_code == 400


def test_a_new_secret_is_answered_once_and_five_are_enough(write, path):
    answers = [write("POST", f"{path}/rotate-secret") for _ in range(5)]

    assert answers[0].status_code == 200
    assert list(answers[0].json) == ["secret"]
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert answers[-1].status_code == 409


def test_an_old_secret_signs_for_as_long_as_the_call_says(write, path, engine):
    for _ in range(4):
        assert write("POST", f"{path}/rotate-secret", json={"overlap_seconds": 604800.0}).status_code == 200

    answer = write("POST", f"{path}/rotate-secret", json={"overlap_seconds": 0})

    assert answer.status_code == 200
    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Secret)) == 1


@pytest.mark.parametrize(
    ("overlap", "code"),
    [(-1, "out_of_range"), (604801, "out_of_range"), (1.5, "invalid_type"), (None, "null")],
)
def test_an_overlap_is_0_to_7_days_in_whole_seconds(write, path, overlap, code):
    answer = write("POST", f"{path}/rotate-secret", json={"overlap_seconds": overlap})

    assert refused(answer) == {("overlap_seconds", code)}


def test_headers_that_cannot_be_read_are_replaced_by_new_ones(write, path, engine):
    with engine.sessions.begin() as session:
        session.execute(sa.update(Listener).values(headers_sealed="of another key"))

    unsaid = write("PATCH", path, json={"name": "Tower"})
    said = write("PATCH", path, json={"settings": {"headers": {"X-Key": "new"}}})

    assert (unsaid.status_code, said.status_code) == (409, 200)
    assert said.json["filter"] == WANTED["filter"]
    assert write("PATCH", path, json={"name": "Tower"}).status_code == 200


def test_a_filter_that_cannot_be_read_is_replaced_by_a_new_one(write, path, engine):
    with engine.sessions.begin() as session:
        session.execute(sa.update(Listener).values(filter={"name": {"sounds": "Joe"}}))

    unsaid = write("PATCH", path, json={"name": "Tower"})
    said = write("PATCH", path, json={"filter": {"name": "Joe"}})

    assert (unsaid.status_code, said.status_code) == (409, 200)
    assert said.json["filter"] == {"name": {"is": "Joe"}}
