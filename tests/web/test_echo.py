"""Do the pages of the built-in receiver show what came, to whom they should, and nothing that could run?"""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.factories import make_listener
from tests.web.conftest import page, text_of
from webhooks_app.engine import echo
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.signing import key_of, new_secret, sign

EVENT_ID = "evt_" + "0198aaaa" * 4


@pytest.fixture
def box(engine):
    return echo.open_box(engine, by=CODE)


def give(engine, box, body=b'{"name":"Joe"}', **headers):
    """Have the box receive this; x_token="a" is the header x-token."""
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return echo.receive(engine, box.token, headers=pairs, body=body)


def signed(body, secret, *, at):
    timestamp = int(at.timestamp())
    signature = sign(body, webhook_id=EVENT_ID, timestamp=timestamp, keys=[key_of(secret)])
    return {"webhook_id": EVENT_ID, "webhook_timestamp": str(timestamp), "webhook_signature": signature}


def test_without_a_box_the_page_says_what_it_is_and_offers_one(operator, viewer):
    assert "No box yet" in page(operator, "/echo")
    assert "Make a box" in page(operator, "/echo")
    assert "Make a box" not in page(viewer, "/echo")


def test_making_a_box_leads_to_its_page(operator, engine):
    answer = operator.post("/echo")

    assert answer.status_code == 303
    shown = page(operator, answer.location)
    assert "Waiting for the first request…" in shown
    assert f"{engine.settings.public_base_url}{answer.location}" in shown


def test_the_list_shows_each_box_with_its_last_request(viewer, engine, box, clock):
    echo.open_box(engine, by=CODE)
    for _ in range(3):
        give(engine, box)
    clock.tick(120)

    shown = page(viewer, "/echo")

    assert "Nothing came yet" in shown
    assert "Not verified" in shown
    assert "3 requests" in shown
    assert "2 m ago" in shown


def test_a_request_stands_there_with_verdict_headers_body_and_event(operator, engine, box, clock):
    secret = new_secret()
    make_listener(engine, url=f"http://127.0.0.1:8000/echo/{box.token}", secret=secret, name="My box")
    body = b'{"name":"Joe"}'
    give(engine, box, body, webhook_attempt="2", x_own="mine", **signed(body, secret, at=clock()))

    shown = page(operator, f"/echo/{box.token}")

    assert ">Verified<" in shown
    assert f'href="/events/{EVENT_ID}"' in shown
    assert "attempt 2" in shown
    assert "<code>x-own</code>" in shown
    assert "<code>mine</code>" in shown
    assert re.search(r"<span class=\"s2\">[^<]*Joe", shown)
    assert "My box</a>" in shown


@pytest.mark.parametrize(
    "headers, reason",
    [
        ({}, echo.UNSIGNED),
        ({"webhook_id": "a", "webhook_timestamp": "1", "webhook_signature": "v1,x"}, echo.STALE),
    ],
)
def test_what_is_not_verified_says_why(operator, engine, box, headers, reason):
    give(engine, box, **headers)

    shown = page(operator, f"/echo/{box.token}")

    assert "Not verified" in shown
    assert reason in shown


def test_hostile_text_stays_text(operator, engine, box):
    hostile = '"><script>alert(1)</script>'
    give(engine, box, hostile.encode(), webhook_id=hostile, webhook_hook=hostile, x_a=hostile)
    give(engine, box, json.dumps({hostile: hostile}).encode())

    shown = page(operator, f"/echo/{box.token}")

    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "/events/" not in shown.partition('id="echo"')[2]


def test_a_body_that_is_no_text_is_shown_as_bytes(operator, engine, box):
    give(engine, box, b"\x00\xff")

    assert "000000 00 ff" in page(operator, f"/echo/{box.token}")


def test_of_a_long_body_the_beginning_is_shown_and_the_rest_is_a_download(operator, engine, box):
    give(engine, box, b"a" * 17_000 + b"the end")

    shown = page(operator, f"/echo/{box.token}")
    address = re.search(r'href="(/echo/[^"]+/body)"', shown)[1]
    answer = operator.get(address)

    assert "the first 16 KB" in shown
    assert "the end" not in shown
    assert answer.data.endswith(b"the end")
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_long_json_is_indented_before_it_is_cut(operator, engine, box):
    give(engine, box, json.dumps({f"key {number}": "value" for number in range(1000)}).encode())

    shown = unescape(re.sub("<[^>]+>", "", operator.get(f"/echo/{box.token}").text))

    assert '\n  "key 1": "value",\n' in shown
    assert "the first 16 KB" in shown
    assert "key 999" not in shown


def test_a_viewer_sees_neither_bodies_nor_what_a_listener_adds(viewer, engine, box):
    give(engine, box, b'{"name":"Joe Private"}', authorization="Bearer abc", webhook_hook="person")

    shown = page(viewer, f"/echo/{box.token}")

    assert "Joe Private" not in shown
    assert "Bearer abc" not in shown
    assert "<code>authorization</code>" in shown
    assert "<code>person</code>" in shown
    assert "Set the answer" not in shown


def test_a_viewer_changes_nothing_and_downloads_nothing(viewer, engine, box):
    give(engine, box)
    here = f"/echo/{box.token}"

    assert [viewer.post(url).status_code for url in ("/echo", f"{here}/answer", f"{here}/clear")] == [403] * 3
    assert viewer.get(f"{here}/requests/{'a' * 32}/body").status_code == 403


def test_nobody_else_sees_a_box(client, box):
    assert client.get(f"/echo/{box.token}").status_code == 302
    assert client.get(f"/echo/{box.token}/live", headers={"HX-Request": "true"}).status_code == 401


def test_an_open_page_is_told_only_what_is_new(operator, engine, box):
    def poll(revision):
        return operator.get(f"/echo/{box.token}/live?v={revision}", headers={"HX-Request": "true"})

    def revision_in(answer):
        return re.search(r"/live\?v=(\w+)", text_of(answer))[1]

    first = revision_in(poll(""))
    assert poll(first).status_code == 204

    give(engine, box)
    after = poll(first)
    assert after.status_code == 200
    assert "1 request<" in text_of(after)
    assert "<html" not in text_of(after)

    echo.set_answer(engine, box.token, "500", by=CODE)
    answered = poll(revision_in(after))
    assert "It answers 500" in text_of(answered)
    assert poll(revision_in(answered)).status_code == 204


def test_clearing_forgets_what_came(operator, engine, box):
    give(engine, box)

    answer = operator.post(f"/echo/{box.token}/clear", follow_redirects=True)

    assert "Waiting for the first request…" in text_of(answer)


def test_a_new_listener_gets_the_url(operator, box, engine):
    shown = page(operator, f"/echo/{box.token}")

    address = re.search(r'href="(/listeners/new\?url=[^"]+)"', shown)[1]
    chosen = page(operator, address.replace("&amp;", "&"))

    assert "/hooks/person/listeners/new?url=http" in chosen
    assert box.token in chosen


@pytest.mark.parametrize("token", ["x" * 43, "short", "x" * 500])
def test_a_box_that_is_unknown_has_no_page(operator, token):
    for answer in (operator.get(f"/echo/{token}"), operator.get(f"/echo/{token}/live")):
        assert answer.status_code == 404
        assert "There is no box at this address." in text_of(answer)
    assert operator.post(f"/echo/{token}/clear").status_code == 404


def test_a_request_that_is_not_kept_any_more_says_so(operator, box):
    answer = operator.get(f"/echo/{box.token}/requests/{'a' * 32}/body")

    assert answer.status_code == 404
    assert "a box keeps its last 50" in text_of(answer)
