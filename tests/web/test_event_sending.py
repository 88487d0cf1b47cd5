"""Can an operator send an event by hand, and is everything told that keeps it from being sent?"""

import json
import re

import pytest

from tests.web.conftest import page, text_of
from webhooks_app.builtin import register_built_in
from webhooks_app.storage.queries import events

NEW = "/hooks/person/events/new"
TYPED = {"arg-name": "Joe", "arg-name_as": "text", "arg-address": "", "arg-address_as": "null"}


@pytest.fixture
def recorded(engine):
    """Every event there is, the newest first, as (hook, payload, sender)."""

    def read(hook="person"):
        with engine.sessions() as session:
            rows = events.newest(session, hook).rows
            return [(row.hook, json.loads(row.body), row.sender) for row in rows]

    return read


def test_the_hooks_page_leads_to_the_form_and_a_viewer_is_not_led_there(operator, viewer):
    assert f'href="{NEW}"' in page(operator, "/hooks/person")
    assert f'href="{NEW}"' not in page(viewer, "/hooks/person")
    assert viewer.get(NEW).status_code == viewer.post(NEW, data=TYPED).status_code == 403


def test_an_event_is_sent_as_typed_and_leads_to_its_page(operator, recorded, queue):
    answer = operator.post(NEW, data={**TYPED, "further": '{"tags": ["a"]}'})

    assert answer.status_code == 303 and "/events/evt_" in answer.location
    assert recorded() == [("person", {"tags": ["a"], "name": "Joe", "address": None}, "operator@example.com")]
    assert "Joe" in page(operator, answer.location)


@pytest.mark.parametrize("typed, meant, value", [
    ("", "text", ""), ("12.5", "number", 12.5), ("yes", "boolean", True), ('{"a": [1]}', "json", {"a": [1]}),
    ("ignored", "null", None),
])  # fmt: skip
def test_a_value_is_what_it_is_meant_as(operator, recorded, typed, meant, value):
    operator.post(NEW, data={"arg-name": typed, "arg-name_as": meant, "arg-address_as": "absent"})

    assert [payload for _, payload, _ in recorded()] == [{"name": value}]


@pytest.mark.parametrize("hook, wrong, words", [
    ("person", {"arg-name": "x", "arg-name_as": "number"}, "Write a number"),
    ("person", {"arg-name": " ", "arg-name_as": "number"}, "choose null or left out"),
    ("person", {"arg-name": "{", "arg-name_as": "json"}, "Write JSON"),
    ("person", {"arg-name": "<x>", "arg-name_as": "nonsense"}, "Not a valid choice"),
    ("person", {"further": "[1]"}, "Write a JSON object"),
    ("person", {"further": "{"}, "field__error"),
    ("order", {"arg-total": "much", "arg-total_as": "number"}, "Write a number"),
    ("order", {"arg-total": "much", "arg-total_as": "text"}, "Not a valid choice"),
])  # fmt: skip
def test_what_cannot_be_sent_is_told_beside_its_field_and_kept(operator, recorded, hook, wrong, words):
    typed = {"arg-customer": "acme", "arg-customer_as": "text", **wrong}

    answer = operator.post(
        f"/hooks/{hook}/events/new", data={**TYPED, **typed} if hook == "person" else typed
    )

    text = text_of(answer)
    assert answer.status_code == 422 and words in text and recorded(hook) == []
    assert (wrong.get("arg-name") or wrong.get("arg-total") or "").replace("<x>", "&lt;x&gt;") in text


def test_a_payload_that_is_too_large_is_refused(operator, recorded):
    answer = operator.post(NEW, data={**TYPED, "arg-name": "x" * 300_000})

    assert answer.status_code == 422 and "Payload is larger than 256 KiB." in text_of(answer)
    assert recorded() == []


def test_the_form_is_filled_in_from_the_last_event(operator, make_event, recorded):
    make_event(payload={"name": "Joe", "address": ["York", 1], "created": False})
    text = page(operator, NEW)
    sent = {
        name: value.replace("&#34;", '"')
        for name, value in re.findall(r'<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"', text)
    }
    further = re.search(r'<textarea [^>]*name="further"[^>]*>\s*(.*?)</textarea>', text)[1]
    chosen = re.findall(r'<select [^>]*name="([^"]+)"[^>]*>.*?<option selected value="([^"]*)"', text)

    operator.post(NEW, data={**sent, **dict(chosen), "further": further.replace("&#34;", '"')})

    first, second = recorded()
    assert first[1] == second[1] == {"name": "Joe", "address": ["York", 1], "created": False}


def test_a_form_that_is_sent_twice_makes_one_event_and_a_changed_one_another(operator, recorded):
    made_as = re.search(r'name="made_as"[^>]* value="([^"]+)"', page(operator, NEW))[1]
    once, again, changed = (
        operator.post(NEW, data={**TYPED, "made_as": made_as, "arg-name": name}).location
        for name in ("Joe", "Joe", "Jane")
    )

    assert once == again != changed and len(recorded()) == 2


def test_a_hook_that_only_the_system_sends_has_no_form_and_its_page_leads_to_none(operator, engine, recorded):
    register_built_in(engine.hooks)
    address = NEW.replace("person", "listener.failing")
    answer = operator.post(address, data=TYPED)

    assert operator.get(address).status_code == answer.status_code == 403
    assert "is sent by Webhooks App itself" in text_of(answer)
    assert recorded("listener.failing") == []
    assert address not in page(operator, "/hooks/listener.failing")


def test_an_unknown_hook_has_the_page_that_lists_the_known(operator):
    assert operator.get("/hooks/nope/events/new").status_code == 404
    assert operator.post("/hooks/nope/events/new").status_code == 404


def test_the_empty_log_leads_to_where_an_event_is_sent(operator):
    assert "from a hook’s page" in page(operator, "/deliveries")


def test_the_forms_heading_comes_first(operator):
    # Only a later one has room above it.
    assert re.search(r'<form class="panel"[^>]*> <h2>Arguments', page(operator, NEW))
