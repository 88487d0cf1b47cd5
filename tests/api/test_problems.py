"""Is everything that goes wrong a problem document, with the status that programs rely on?"""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.api.conftest import refused

UNKNOWN = "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/hooks/", 404),  # no second spelling of an address
        ("GET", "/hooks/unknown", 404),
        ("POST", "/hooks/unknown/events", 404),
        ("GET", f"/events/evt_{UNKNOWN}", 404),
        ("GET", f"/listeners/lsn_{UNKNOWN}", 404),
        ("GET", f"/deliveries/dlv_{UNKNOWN}", 404),
        ("POST", f"/deliveries/dlv_{UNKNOWN}/retry", 404),
        ("GET", "/events/%00", 404),
        ("PUT", "/hooks", 405),
        ("POST", "/deliveries", 405),
        ("GET", f"/deliveries/dlv_{UNKNOWN}/retry", 405),
    ],
)
def test_an_error_is_a_problem_document(write, method, path, status):
    answer = write(method, path, json={"payload": {}} if method == "POST" else None)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] == "about:blank"
    assert answer.json["title"]
    assert answer.json["detail"].endswith(".")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_a_wrong_method_is_told_the_right_ones(write):
    answer = write("PUT", "/listeners")

    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_unknown_hook_is_answered_with_the_names_of_the_known_ones(publish):
    answer = publish("POST", "/hooks/persn/events", json={"payload": {}})

    assert answer.status_code == 404
    assert answer.json["hooks"] == ["person", "order"]
    assert "person, order" in answer.json["detail"]


@pytest.mark.parametrize("kind", ["evt", "lsn", "dlv"])
@pytest.mark.parametrize("noun", ["events", "listeners", "deliveries"])
def test_an_id_of_another_kind_is_not_found(read, make_delivery, noun, kind):
    delivery = make_delivery()
    ids = {"evt": delivery.event_id, "lsn": delivery.listener_id, "dlv": delivery.id}
    own = {"events": "evt", "listeners": "lsn", "deliveries": "dlv"}[noun]

    answer = read("GET", f"/{noun}/{kind}_{ids[kind]}")

    assert answer.status_code == (200 if kind == own else 404)
    assert read("GET", f"/{noun}/{ids[own]}").status_code == 404  # nor is one without its prefix


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),  # no UTF-8
        ('{"payload":{}}'.encode("utf-16"), "application/json", 400),
        (b'{"payload":{}} x', "application/json", 400),
        (b'{"payload":{}}', "text/plain", 415),
        (b'{"payload":{}}', "", 415),
        (b"payload=1", "application/x-www-form-urlencoded", 415),
        (b'{"payload":{}}', "application/vnd.shop+json", 202),
        (b'{"payload":{}}', "application/json; charset=utf-8", 202),
    ],
)
def test_a_body_is_json_or_refused(publish, body, content_type, status):
    answer = publish("POST", "/hooks/person/events", data=body, content_type=content_type)

    assert answer.status_code == status, answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ("[]", {("", "invalid_type")}),
        ("1", {("", "invalid_type")}),
        ("null", {("", "invalid_type")}),
        ("{}", {("payload", "required")}),
        ('{"payload":null}', {("payload", "null")}),
        ('{"payload":[]}', {("payload", "invalid_type")}),
        ('{"payload":{},"id":1,"sender":"x"}', {("id", "unknown_field"), ("sender", "unknown_field")}),
        ('{"payload":{"a":NaN}}', {("", "not_json")}),
        ('{"payload":{"a":1e999}}', {("payload", "not_json")}),
        ('{"payload":{"a":"\\ud800"}}', {("payload", "not_json")}),
        ('{"payload":{"a":' + "9" * 5000 + "}}", {("", "not_json")}),
        ('{"payload":' + '{"a":' * 70 + "1" + "}" * 71, {("payload", "not_json")}),
        ("[" * 100_000, {("", "too_deep")}),
    ],
)
def test_a_payload_that_is_no_object_of_json_is_refused_by_its_field(publish, body, errors):
    answer = publish("POST", "/hooks/person/events", data=body, content_type="application/json")

    assert refused(answer) == errors


def test_what_is_json_but_rare_is_taken(publish, read):
    payload = {"zero": "\u0000", "big": 10**4000, "é": "日本", "deep": [[[[[]]]]], "empty": {}}

    answer = publish(
        "POST", "/hooks/person/events", data=json.dumps({"payload": payload}), content_type="application/json"
    )

    assert read("GET", answer.headers["Location"].removeprefix("/api/v1")).json["payload"] == payload


def test_a_body_over_one_mebibyte_is_refused(publish):
    body = b'{"payload":{}' + b" " * 1024**2 + b"}"

    answer = publish("POST", "/hooks/person/events", data=body, content_type="application/json")

    assert answer.status_code == 413
    assert answer.json["detail"] == "The body is larger than 1 MiB."


def test_a_body_that_does_not_say_its_length_has_the_same_limit(publish):
    body = b'{"payload":{}' + b" " * 1024**2 + b"}"
    chunked = {
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(body),
        "HTTP_TRANSFER_ENCODING": "chunked",
    }

    answer = publish(
        "POST", "/hooks/person/events", content_type="application/json", environ_overrides=chunked
    )

    assert answer.status_code == 413


def test_another_host_is_told_so_in_a_problem_too(app):
    for path in ("/api/v1/hooks", "/api/v1/nowhere"):
        answer = app.test_client().get(path, base_url="http://evil.example")
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


@pytest.mark.parametrize(("size", "status"), [(262_144, 202), (262_145, 413)])
def test_a_payload_may_be_as_large_as_the_setting(publish, size, status):
    payload = {"a": "x" * (size - len('{"a":""}'))}

    answer = publish("POST", "/hooks/person/events", json={"payload": payload})

    assert answer.status_code == status
    if status == 413:
        assert answer.json["detail"] == "Payload is larger than 256 KiB."
        assert answer.json["errors"][0]["field"] == "payload"


def test_a_database_that_does_not_answer_is_a_503(app, engine, read, make_event):
    event = make_event()
    with engine.sessions.begin() as session:
        session.execute(sa.text("ALTER TABLE webhooks_deliveries RENAME TO elsewhere"))

    answer = read("GET", f"/events/evt_{event.id}")

    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_crash_is_a_500_that_tells_nothing(app, engine, caller):
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    call = caller("read")
    broken = replace(engine, hooks="whsec_a_secret")
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], engine=broken)

    answer = call("GET", "/hooks")

    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert "whsec" not in answer.get_data(as_text=True)
