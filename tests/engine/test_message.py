"""What exactly goes over the wire, byte by byte?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from webhooks_app.engine.message import BODY_FORMATS, Occasion, body_bytes, headers_for, request_head
from webhooks_app.engine.signing import verify
from webhooks_app.version import __version__

KEY = b"a key of thirty-two bytes, or so"
AT = datetime(2026, 3, 2, 9, 30, 0, 5000, tzinfo=UTC)
STORED = '{"zip":"10001","name":"Jos\\u00e9","total":12345678901234567890.10,"nested":{"b":1,"a":2}}'
OCCASION = Occasion("evt_01", "person", attempt=3)


def body(body_format: str = "plain", stored: str = STORED) -> bytes:
    return body_bytes(
        stored, body_format=body_format, occasion=OCCASION, created_at=AT, source="https://hooks.example.com"
    )


def headers(occasion: Occasion = OCCASION, *, body_format="plain", keys=(KEY,), own=()) -> dict[str, str]:
    pairs = headers_for(
        b"{}", occasion=occasion, body_format=body_format, timestamp=1772443800, keys=keys, own=own
    )
    assert len(dict(pairs)) == len(pairs), "a header was sent twice"
    return dict(pairs)


def test_the_plain_body_is_what_was_stored_byte_for_byte():
    assert body() == STORED.encode()


def test_the_standard_envelope_keeps_the_payload_as_it_was_stored():
    assert body("standard") == (
        b'{"type":"person","timestamp":"2026-03-02T09:30:00.005Z","data":' + STORED.encode() + b"}"
    )


def test_the_cloudevents_envelope_has_what_the_specification_requires():
    sent = json.loads(body("cloudevents"))

    assert sent.pop("data") == json.loads(STORED)
    assert sent == {
        "specversion": "1.0",
        "id": "evt_01",
        "source": "https://hooks.example.com",
        "type": "person",
        "time": "2026-03-02T09:30:00.005Z",
        "datacontenttype": "application/json",
    }


@pytest.mark.parametrize("body_format", BODY_FORMATS)
def test_every_attempt_of_an_event_sends_the_same_bytes(body_format):
    assert body(body_format) == body(body_format)
    assert json.loads(body(body_format, stored="{}")) is not None


def test_the_headers_of_an_ordinary_delivery():
    sent = headers()
    signature = sent.pop("webhook-signature")

    assert sent == {
        "content-type": "application/json",
        "user-agent": f"webhooks-app/{__version__}",
        "webhook-id": "evt_01",
        "webhook-timestamp": "1772443800",
        "webhook-hook": "person",
        "webhook-attempt": "3",
    }
    assert verify(b"{}", webhook_id="evt_01", timestamp=1772443800, signatures=signature, keys=[KEY])


def test_cloudevents_say_what_they_are():
    assert headers(body_format="cloudevents")["content-type"] == "application/cloudevents+json"


def test_replays_and_tests_are_marked():
    assert headers(Occasion("evt_01", "person", 1, replay=True))["webhook-replay"] == "1"
    assert headers(Occasion("evt_01", "person", 1, test=True))["webhook-test"] == "1"
    assert not {"webhook-replay", "webhook-test"} & headers().keys()


def test_while_a_secret_turns_there_are_two_signatures():
    signatures = headers(keys=[b"a new key", b"the old one"])["webhook-signature"].split()

    assert len(signatures) == 2
    assert all(one.startswith("v1,") for one in signatures)


def test_the_listeners_own_headers_come_last():
    sent = headers(own=[("X-Tenant", "7"), ("authorization", "Bearer abc")])

    assert list(sent.items())[-2:] == [("x-tenant", "7"), ("authorization", "Bearer abc")]


@pytest.mark.parametrize(
    "name",
    ["Content-Type", "USER-AGENT", "webhook-id", "Webhook-Signature", "webhook-attempt", "webhook-replay"],
)
def test_the_listeners_own_headers_replace_none_of_ours(name):
    assert headers(own=[(name, "forged")]) == headers()


def test_the_head_of_a_request_is_its_lines():
    head = request_head("POST", "/a?b=1", {"Host": "example.com", "x-name": "Jos\xe9"})

    assert head == b"POST /a?b=1 HTTP/1.1\r\nHost: example.com\r\nx-name: Jos\xe9\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", {"x": "a\r\nwebhook-id: forged"}),
        ("/", {"x": "a\nb"}),
        ("/", {"x": "a\rb"}),
        ("/", {"x\r\ny": "a"}),
        ("/ HTTP/1.1\r\nx: y", {}),
        ("/a b", {}),
        ("/", {"x": "\N{SNOWMAN}"}),
    ],
)
def test_nothing_in_a_head_begins_another_line(target, headers):
    with pytest.raises(ValueError, match=r"."):
        request_head("POST", target, headers)
