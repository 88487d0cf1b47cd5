"""Does somebody who may only read see no body on any page? Row 32 of the security plan."""

from __future__ import annotations

import pytest

from tests import factories
from webhooks_app.engine import echo
from webhooks_app.engine.audit import CODE

# Parts of bodies, and nothing else: of a payload, of what it was before, of an answer, of what a box received.
PAYLOAD, BEFORE, ANSWER, RECEIVED = "payload-5d1f", "before-5d1f", "answer-5d1f", "received-5d1f"
# They would be files; a viewer is refused them, see test_roles.
FILES = {"deliveries.body", "events.payload", "echo.body", "static"}
TABS = ("response", "request", "event", "match")


@pytest.fixture
def parts(app, engine, clock, make_listener):
    """An event, its delivery with an attempt, and a box that received a request."""
    event = factories.make_event(
        engine,
        payload={"name": PAYLOAD},
        changes={"name": {"old": BEFORE, "new": PAYLOAD}},
        dispatched_at=clock(),
    )
    listener = make_listener(filter={"name": {"startswith": "p"}})
    delivery = factories.make_delivery(engine, event=event, listener=listener, status="failed")
    factories.make_attempt(engine, delivery, status_code=500, response_body=ANSWER.encode())
    box = echo.open_box(engine, by=CODE)
    app.test_client().post(f"/echo/{box.token}", data=RECEIVED.encode())
    return {
        "listener_id": f"lsn_{listener.id}", "delivery_id": f"dlv_{delivery.id}",
        "event_id": f"evt_{event.id}", "name": "person", "token": box.token,
    }  # fmt: skip


def pages(app, browser, parts):
    """The text of every page and fragment that can be had with these parts, by address."""
    bound = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        is_asked = "GET" in rule.methods and not rule.rule.startswith("/api/") and rule.endpoint not in FILES
        if not is_asked or not set(rule.arguments) <= set(parts):
            continue
        address = bound.build(rule.endpoint, {name: parts[name] for name in rule.arguments})
        for query in [f"?tab={tab}" for tab in TABS] if rule.endpoint.startswith("deliveries.") else [""]:
            yield address + query, browser.get(address + query).get_data(as_text=True)


def seen(app, browser, parts):
    return {
        (address, body)
        for address, text in pages(app, browser, parts)
        for body in (PAYLOAD, BEFORE, ANSWER, RECEIVED)
        if body in text
    }


def test_a_viewer_sees_no_body_on_any_page(app, viewer, parts):
    assert seen(app, viewer, parts) == set()


def test_an_operator_sees_each_of_them(app, operator, parts):
    """Else the test above would prove nothing."""
    assert {body for _, body in seen(app, operator, parts)} == {PAYLOAD, BEFORE, ANSWER, RECEIVED}
