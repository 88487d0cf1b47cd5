"""Is a listener made and changed as the form says, and is everything told that keeps it from being so?"""

import re

import pytest
from wtforms import Form, IntegerField, StringField
from wtforms.validators import InputRequired

from tests.web.conftest import page, text_of
from webhooks_app.engine import listeners
from webhooks_app.engine.listeners import Wanted
from webhooks_app.event import Hook
from webhooks_app.filter import Filter
from webhooks_app.match import Gt, Is, Lt
from webhooks_app.storage.queries import listeners as queries
from webhooks_app.web.listener_fields import ListenerForm

NEW = "/hooks/person/listeners/new"
URL = "http://127.0.0.1:9999/receiver"


@pytest.fixture
def saved(engine):
    """Every listener there is."""

    def read():
        with engine.sessions() as session:
            return queries.all(session)

    return read


@pytest.fixture
def listener(engine, make_listener):
    return make_listener(
        name="Mailer",
        url=URL,
        filter={"name": {"is": "Joe"}},
        headers={"authorization": "Bearer one"},
        retry_schedule="",
    )


def edit(listener):
    return f"/listeners/lsn_{listener.id}/edit"


def typed(text):
    """What a browser would send of the form on this page, unchanged."""
    found = {}
    form = text[text.index("listener-form") :]
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name:
            found[name[1]] = (value[1] if value else "").replace("&#34;", '"')
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'<option selected value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else ""
    for name, value in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', form, re.DOTALL):
        found[name] = value.replace("&#34;", '"').replace("\r\n", "\n")
    return found


def test_the_generated_form_has_the_contracts_names(operator):
    text = page(operator, NEW)

    for name in (
        "url", "name", "csrf_token", "timeout_seconds", "retry_schedule", "rate_limit_per_second", "sends_in_flight",
        "body_format", "answer_bodies", "headers", "public_headers", "match-name_cond", "match-name_query",
        "trusted_ca", "match-name_type", "match-address_cond", "match-address_query", "match-address_type",
    ):  # fmt: skip
        assert f'name="{name}"' in text or name == "csrf_token"


def test_a_listener_is_made_with_its_filter(operator, saved):
    answer = operator.post(NEW, data={"url": URL, "match-name_cond": "startswith", "match-name_query": "J"})

    (made,) = saved()
    assert answer.location == f"/listeners/lsn_{made.id}"
    assert (made.url, made.filter) == (URL, {"name": {"startswith": "J"}})
    assert "whsec_" in page(operator, answer.location)


def test_save_and_send_test_does_both(operator, saved, queue):
    operator.post(NEW, data={"url": URL, "act": "test"})

    assert len(saved()) == len(queue.pushed_ids) == 1


def test_every_fault_is_told_at_once_beside_its_field(operator, saved):
    answer = operator.post(
        NEW,
        data={
            "url": "ftp://example.com", "name": "n" * 201, "timeout_seconds": "soon", "retry_schedule": "often",
            "rate_limit_per_second": "-1", "sends_in_flight": "1.5", "body_format": "xml", "headers": "no colon",
            "match-name_cond": "like", "match-name_query": "(",
        },
    )  # fmt: skip

    assert answer.status_code == 422
    assert saved() == []
    for name in (
        "url", "name", "timeout_seconds", "retry_schedule", "rate_limit_per_second", "sends_in_flight",
        "body_format", "headers", "match-name_query",
    ):  # fmt: skip
        assert re.search(rf'id="{name}-error"', answer.text), name
    assert "9 fields need another look" in answer.text


def test_what_was_typed_is_kept(operator):
    answer = operator.post(
        NEW, data={"url": "ftp://x", "name": "Mailer", "match-name_cond": "is", "match-name_query": "Joe"}
    )

    kept = typed(text_of(answer))
    assert (kept["url"], kept["name"]) == ("ftp://x", "Mailer")
    assert (kept["match-name_cond"], kept["match-name_query"]) == ("is", "Joe")


def test_any_keeps_its_value(operator):
    answer = operator.post(NEW, data={"url": "", "match-name_cond": "any", "match-name_query": "Joe"})

    assert typed(text_of(answer))["match-name_query"] == "Joe"


def test_the_type_of_an_argument_is_preset_from_its_events(operator, make_event):
    make_event(payload={"name": 5, "address": "York"})

    kept = typed(page(operator, NEW))
    assert (kept["match-name_type"], kept["match-address_type"]) == ("number", "text")


def test_an_address_can_be_brought_along(operator):
    assert operator.get(f"/listeners/new?hook=person&url={URL}").location.startswith(NEW)
    assert typed(page(operator, f"{NEW}?url={URL}"))["url"] == URL


def test_saving_an_untouched_form_changes_nothing(operator, engine, listener, saved):
    before = listeners.wanted_of(engine, listener)

    answer = operator.post(edit(listener), data=typed(page(operator, edit(listener))))

    (after,) = saved()
    assert answer.status_code == 303
    assert after.version == listener.version
    assert listeners.wanted_of(engine, after) == before


def test_the_values_of_headers_are_not_shown_and_are_kept(operator, engine, listener, saved):
    text = page(operator, edit(listener))
    assert "Bearer one" not in text

    data = typed(text)
    operator.post(edit(listener), data={**data, "headers": f"{data['headers']}\nX-Team: sales"})

    (after,) = saved()
    assert listeners.own_headers(engine, after) == {"authorization": "Bearer one", "x-team": "sales"}


def test_conditions_that_no_row_shows_are_kept(operator, engine, make_listener, saved):
    asked = Filter({"name": {"first": "Joe"}, "address": (Gt("2026-01-01"), Lt("2027-01-01"))})
    listener = make_listener(url=URL, filter=asked)

    operator.post(edit(listener), data=typed(page(operator, edit(listener))))

    assert Filter.from_json(saved()[0].filter) == asked


def test_further_conditions_count_as_well_as_the_rows(operator, saved):
    further = '{"address": {"gt": "2026-01-01", "lt": "2027-01-01"}}'
    data = {"url": URL, "match-name_cond": "is", "match-name_query": "Joe", "filter_json": further}

    operator.post(NEW, data=data)

    wanted = Filter({"name": Is("Joe"), "address": (Gt("2026-01-01"), Lt("2027-01-01"))})
    assert Filter.from_json(saved()[0].filter) == wanted


@pytest.mark.parametrize("further", ["{", "[]", '{"unknown": 1}', '{"name": {"nonsense": 1}}'])
def test_further_conditions_that_cannot_be_read_are_refused(operator, saved, further):
    answer = operator.post(NEW, data={"url": URL, "filter_json": further})

    assert answer.status_code == 422
    assert 'id="filter_json-error"' in answer.text
    assert saved() == []


def test_one_condition_in_both_places_is_refused(operator):
    data = {"url": URL, "match-name_cond": "is", "match-name_query": "Joe", "filter_json": '{"name": "Jane"}'}

    answer = operator.post(NEW, data=data)

    assert answer.status_code == 422
    assert "is asked twice" in answer.text


def test_two_people_do_not_overwrite_each_other(operator, engine, listener, saved):
    mine = typed(page(operator, edit(listener)))
    operator.post(edit(listener), data={**mine, "name": "Theirs"})

    answer = operator.post(edit(listener), data={**mine, "name": "Mine"})

    assert answer.status_code == 409
    assert "Changed by someone else meanwhile." in answer.text
    assert typed(text_of(answer))["name"] == "Mine"
    assert saved()[0].name == "Theirs"


def test_one_may_overwrite_after_having_seen_it(operator, listener, saved):
    mine = typed(page(operator, edit(listener)))
    operator.post(edit(listener), data={**mine, "name": "Theirs"})
    answer = operator.post(edit(listener), data={**mine, "name": "Mine"})
    version = re.search(r'name="overwrite" value="(\d+)"', answer.text)[1]

    operator.post(edit(listener), data={**mine, "name": "Mine", "overwrite": version})

    assert saved()[0].name == "Mine"


@pytest.mark.parametrize(("schedule", "stored"), [("", None), ("none", ""), ("5s, 5m", "5s, 5m")])
def test_the_word_none_means_a_single_attempt(operator, saved, schedule, stored):
    operator.post(NEW, data={"url": URL, "retry_schedule": schedule})

    assert saved()[0].retry_schedule == stored


class Channel(Form):
    channel = StringField("Channel", [InputRequired("Write a channel.")])
    retries = IntegerField("Retries", default=3)


@pytest.fixture
def chat(engine):
    return engine.hooks.register(Hook(name="chat", config_form=Channel))


def test_a_hooks_own_fields_are_asked_behind_config(operator, saved, chat):
    assert 'name="config-channel"' in page(operator, "/hooks/chat/listeners/new")

    operator.post(
        "/hooks/chat/listeners/new", data={"url": URL, "config-channel": "#ops", "config-retries": "5"}
    )

    assert saved()[0].config == {"channel": "#ops", "retries": 5}


@pytest.mark.parametrize(
    ("data", "field"), [({}, "channel"), ({"config-channel": "#ops", "config-retries": "x"}, "retries")]
)
def test_a_hooks_own_fields_are_checked(operator, saved, chat, data, field):
    answer = operator.post("/hooks/chat/listeners/new", data={"url": URL, **data})

    assert answer.status_code == 422
    assert f'id="config-{field}-error"' in answer.text
    assert saved() == []


def test_a_hook_without_arguments_says_that_it_takes_every_event(operator, chat):
    assert "declares no arguments" in page(operator, "/hooks/chat/listeners/new")


def test_hostile_values_stay_text(operator):
    hostile = '"><script>alert(1)</script>'
    data = {"url": hostile, "name": hostile, "match-name_cond": "is", "match-name_query": hostile}

    answer = operator.post(NEW, data={**data, "filter_json": hostile, "headers": hostile})

    assert "<script>alert" not in answer.text


def test_the_engine_has_the_last_word(operator, engine, listener):
    """What the form shows is what code would have made."""
    code = listeners.check(engine, engine.hooks["person"], Wanted(url="HTTP://127.0.0.1:9999/receiver"))

    operator.post(NEW, data={"url": "HTTP://127.0.0.1:9999/receiver"})

    with engine.sessions() as session:
        assert queries.all(session, text=code.url)


def test_numbers_that_are_saved_unchanged_stay_the_same(operator, make_listener, saved):
    numbers = {"timeout_seconds": 12.3456789, "rate_limit_per_second": 999.99999, "sends_in_flight": 8}
    fine = make_listener(url=URL, **numbers)

    answer = operator.post(edit(fine), data=typed(page(operator, edit(fine))))

    (kept,) = saved()
    assert answer.status_code == 303 and {name: getattr(kept, name) for name in numbers} == numbers


@pytest.mark.parametrize("number, shown", [(15.0, "15"), (8, "8"), (0.5, "0.5"), (None, "")])
def test_a_number_is_written_as_short_as_it_can_be(number, shown):
    field = ListenerForm.timeout_seconds.bind(Form(), "timeout_seconds")
    field.data, field.raw_data = number, None

    assert field._value() == shown
