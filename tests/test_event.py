"""Hooks as people write them: their names, arguments, payloads and listeners."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.caller import Employee, Person
from webhooks_app import Hook, ModelHook, SignalHook, post_delete, post_save
from webhooks_app.errors import BadFilter, BadHook, NotBound, NotRegistered, UnserializablePayload
from webhooks_app.event import describe_sender
from webhooks_app.match import Contains, Startswith
from webhooks_app.registry import hooks


class Stamped(DeclarativeBase):
    pass


class Note(Stamped):
    """A model with a column called created."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[str]


class SomethingHappened(Hook):
    """Something happened somewhere.

    And this is the rest of it.
    """

    provides_args = ("what", "where")


def listed(hook) -> list[tuple[str, str]]:
    return [(argument.name, argument.type) for argument in hook.arguments]


# Names and attributes


def test_a_hook_is_named_after_its_class_unless_it_says_otherwise():
    assert SomethingHappened().name == "tests.test_event.SomethingHappened"
    assert SomethingHappened(name="something.happened").name == "something.happened"


def test_what_a_hook_says_of_itself():
    hook = SomethingHappened(name="shop.order_paid")

    assert hook.verbose_name == "Order paid"
    assert hook.description.startswith("Something happened somewhere.")
    assert Hook(name="plain").description == ""  # ours is not the author's
    assert Hook(name="plain", description="Mine.", verbose_name="Plain!").verbose_name == "Plain!"


@pytest.mark.parametrize(
    "name", ["a b", "ä", "a/b", "x" * 129, "<script>", ".", "..", "../x", "a\n", "a\r\nb", 7]
)
def test_a_name_that_cannot_be_in_a_url_is_refused(name):
    with pytest.raises(BadHook, match="cannot be named"):
        Hook(name=name)


def test_a_misspelt_attribute_is_refused():
    with pytest.raises(BadHook, match="no attribute 'provides_arg'"):
        Hook(name="a", provides_arg=["b"])


def test_a_subclass_and_a_constructor_say_the_same():
    by_hand = Hook(name="a", provides_args=["x"], asynchronous=False, retry="1s", max_retries=3, timeout=2)

    class BySubclass(Hook):
        name = "a"
        provides_args = ("x",)
        asynchronous = False
        retry = "1s"
        max_retries = 3
        timeout = 2

    assert {**vars(BySubclass()), **vars(BySubclass)}["retry"] == by_hand.retry
    for attribute in ("name", "asynchronous", "retry", "max_retries", "timeout"):
        assert getattr(BySubclass(), attribute) == getattr(by_hand, attribute)


# Arguments


def test_the_arguments_of_a_model_hook_are_its_columns_with_their_types():
    assert listed(ModelHook(name="a", model=Person)) == [
        ("kind", "text"), ("name", "text"), ("address", "text"), ("age", "number"), ("born", "text"),
        ("visits", "number"), ("team_id", "number"), ("created", "boolean"),
    ]  # fmt: skip


def test_provided_arguments_keep_their_order_and_learn_their_types_from_the_columns():
    hook = ModelHook(name="a", model=Person, provides_args=["age", "name", "full_name"])

    assert listed(hook) == [("age", "number"), ("name", "text"), ("full_name", ""), ("created", "boolean")]


def test_a_deletion_creates_nothing():
    assert ("created", "boolean") not in listed(ModelHook(name="a", model=Person, signal=post_delete))


def test_a_models_own_column_called_created_is_what_is_sent():
    hook = ModelHook(name="a", model=Note, signal=post_save)

    assert listed(hook) == [("created", "text")]
    occurrence = hook.occurrence(Note, instance=Note(created="yesterday"), created=True)
    assert occurrence.payload == {"created": "yesterday"}


def test_a_model_hook_without_a_model_says_so_and_is_not_registered(words):
    with pytest.raises(BadHook, match="has no model"):
        words.register(ModelHook(name="a"))
    with pytest.raises(BadHook, match="has no signal"):
        words.register(SignalHook(name="a"))

    assert "a" not in words


def test_a_property_of_the_model_can_be_provided():
    class Named(ModelHook):
        name = "a"
        model = Employee
        provides_args = ("name", "shout")

    somebody = Employee(name="Joe")
    somebody.shout = "JOE!"

    assert Named().occurrence(Employee, instance=somebody).payload == {"name": "Joe", "shout": "JOE!"}


# Sending


class Colour(Enum):
    RED = 1


def test_send_passes_on_every_argument_in_order(words, bodies):
    hook = words.register(Hook(name="a", provides_args=["x"]))
    hook.send(sender=Person, z=Decimal("1.50"), y=Colour.RED, x=[None])

    assert bodies() == [("tests.caller.Person", {"z": "1.50", "y": "RED", "x": [None]})]
    assert list(bodies()[0][1]) == ["z", "y", "x"]


def test_a_payload_that_is_not_json_is_refused_by_name(words):
    with pytest.raises(UnserializablePayload, match=r'"deep\.items\[1\]"'):
        Hook(name="a").send(deep={"items": [1, object()]})


def test_without_an_engine_send_and_save_say_what_to_call(words):
    hooks._port = None

    with pytest.raises(NotBound, match=r"Call create_app\(\)"):
        Hook(name="a").send()
    with pytest.raises(NotBound):
        Hook(name="a").listener(url="http://127.0.0.1/").save()


def test_what_is_not_registered_is_neither_sent_nor_recorded(words, bodies):
    never = Hook(name="never")

    with pytest.raises(NotRegistered, match="No hook named 'never' is registered"):
        never.send(None)
    with words.recording() as sent, pytest.raises(NotRegistered):
        never.send(None)
    assert (bodies(), len(sent)) == ([], 0)


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        (None, ""),
        (Person, "tests.caller.Person"),
        ("shop", "shop"),
        (7, "7"),
        ("x" * 300, "x" * 200),
        ("a\0b", "a\\x00b"),  # PostgreSQL refuses this one
        ("a\ud800", "a\\ud800"),  # and no database takes this one
    ],
)
def test_the_sender_is_kept_as_text(sender, text):
    assert describe_sender(sender) == text


# Listeners


def test_match_narrows_step_by_step_and_a_plain_value_means_is():
    draft = Hook(name="a", provides_args=["name", "address"]).listener(url="http://where.joe/is/listening")
    draft = draft.match(name=Startswith("J")).match(address="New York")

    assert draft.filter.to_json() == {"name": {"startswith": "J"}, "address": {"is": "New York"}}


def test_a_filter_may_ask_only_about_what_is_provided():
    hook = Hook(name="a", provides_args=["name", "address"])

    with pytest.raises(BadFilter, match="does not provide 'nam'; it provides name, address") as refused:
        hook.listener(url="http://127.0.0.1/").match(nam="Joe")
    assert refused.value.argument == "nam"
    hook.listener(url="http://127.0.0.1/").match(**{"address.city": Contains("York")})
