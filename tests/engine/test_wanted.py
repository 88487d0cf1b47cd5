"""Is every fault of a wanted listener found, at once, under its field's name?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from wtforms import BooleanField, Form, IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange

from tests.factories import make_listener
from webhooks_app.engine.listeners import Wanted, check, own_headers, wanted_of
from webhooks_app.errors import Refused
from webhooks_app.event import Hook
from webhooks_app.match import Filter

URL = "http://localhost:8000/receiver"


def faults(engine, wanted, *, hook="person", secret=None):
    with pytest.raises(Refused) as refused:
        check(engine, engine.hooks[hook], wanted, secret=secret)
    return [(error.field, error.code) for error in refused.value.errors]


def test_what_is_wanted_comes_back_canonical(engine):
    wanted = Wanted(
        url=" HTTP://Localhost:8000/a b".replace("a b", "é"), name=" Shop ", headers={"X-Key": "1"}
    )

    found = check(engine, engine.hooks["person"], wanted)

    assert found == replace(wanted, url="http://localhost:8000/%C3%A9", name="Shop", headers={"x-key": "1"})


def test_a_listener_without_a_name_has_its_hosts(engine):
    assert check(engine, engine.hooks["person"], Wanted(url=URL)).name == "localhost"


def test_every_fault_is_found_at_once(engine):
    wanted = Wanted(
        url="ftp://example.com",
        name="x" * 201,
        filter=Filter({"shoe_size": 43}),
        timeout_seconds=0.5,
        retry_schedule="5 lightyears",
        rate_limit_per_second=0,
        sends_in_flight=65,
        body_format="xml",
        headers={"Host": "x", "bad name": "y"},
        config={"colour": "red"},
    )

    assert faults(engine, wanted, secret="guess") == [
        ("url", "url_scheme"),
        ("headers", "header_reserved"),
        ("headers", "header_name"),
        ("config.colour", "unknown_field"),
        ("filter.shoe_size", "filter_argument"),
        ("name", "name_length"),
        ("timeout_seconds", "out_of_range"),
        ("rate_limit_per_second", "out_of_range"),
        ("sends_in_flight", "out_of_range"),
        ("retry_schedule", "schedule"),
        ("body_format", "body_format"),
        ("secret", "secret_format"),
    ]


@pytest.mark.parametrize(
    "field, value, accepted",
    [
        ("timeout_seconds", 1, True),
        ("timeout_seconds", 60.0, True),
        ("timeout_seconds", 60.1, False),
        ("timeout_seconds", float("nan"), False),
        ("timeout_seconds", True, False),  # a bool is an int
        ("timeout_seconds", "5", False),
        ("sends_in_flight", 64, True),
        ("sends_in_flight", 1.5, False),
        ("rate_limit_per_second", 0.5, True),
        ("rate_limit_per_second", float("inf"), False),
        ("retry_schedule", "", True),  # one attempt
        ("retry_schedule", "5s,5m,1d", True),
        ("retry_schedule", "2d", False),
        ("name", "Shop\nCRM", False),
        ("name", "Käse 🧀", True),
        ("body_format", "cloudevents", True),
        ("answer_bodies", "discard", True),
        ("answer_bodies", "hide", False),
        ("answer_bodies", None, False),
        ("public_headers", [], True),
        ("public_headers", ["x-team"], False),  # there is no such header
    ],
)
def test_a_setting_is_accepted_within_its_span(engine, field, value, accepted):
    wanted = Wanted(url=URL, **{field: value})

    if accepted:
        check(engine, engine.hooks["person"], wanted)
    else:
        assert [name for name, _ in faults(engine, wanted)] == [field]


@pytest.mark.parametrize(
    "secret, accepted",
    [
        ("whsec_" + "A" * 32, True),  # 24 bytes
        ("whsec_" + "A" * 31 + "=", False),  # 23
        ("whsec_" + "A" * 84 + "AA==", True),  # 64
        ("whsec_" + "A" * 88, False),  # 66
        ("A" * 32, False),
        ("whsec_" + "é" * 32, False),
    ],
)
def test_a_given_secret_must_be_long_enough(engine, secret, accepted):
    if accepted:
        check(engine, engine.hooks["person"], Wanted(url=URL), secret=secret)
    else:
        assert faults(engine, Wanted(url=URL), secret=secret) == [("secret", "secret_format")]


class Channel(Form):
    channel = StringField("Channel", [InputRequired("Name a channel.")])
    most = IntegerField("Most", [NumberRange(1, 9)], default=3)
    loud = BooleanField("Loud")


@pytest.fixture
def chatty(engine, hooks):
    return hooks.register(Hook("chat", provides_args=["text"], config_form=Channel))


def test_a_configuration_is_what_the_hooks_form_understands(engine, chatty):
    wanted = Wanted(url=URL, config={"channel": "ops", "most": "5", "loud": True})

    found = check(engine, chatty, wanted)

    assert found.config == {"channel": "ops", "most": 5, "loud": True}
    assert check(engine, chatty, found) == found


def test_a_configurations_faults_carry_its_fields_names(engine, chatty):
    wanted = Wanted(url=URL, config={"most": 12, "size": 3})
    assert faults(engine, wanted, hook="chat") == [("config.size", "unknown_field")]

    wanted = Wanted(url=URL, config={"most": 12, "loud": False})
    assert faults(engine, wanted, hook="chat") == [("config.channel", "config"), ("config.most", "config")]


def test_a_stored_listener_can_be_wanted_again(engine):
    columns = {"filter": Filter({"name": "Joe"}), "headers": {"x-key": "s3cret"}, "timeout_seconds": 5.0}
    listener = make_listener(engine, url=URL, name="Shop", **columns)

    wanted = wanted_of(engine, listener)

    assert (wanted.filter, wanted.timeout_seconds) == (Filter({"name": "Joe"}), 5.0)
    assert wanted.headers == own_headers(engine, listener) == {"x-key": "s3cret"}
    assert check(engine, engine.hooks["person"], wanted) == wanted
