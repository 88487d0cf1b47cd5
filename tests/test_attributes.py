"""Is a hook told at once what it cannot say of itself?"""

from __future__ import annotations

import pytest

from webhooks_app import Hook
from webhooks_app.errors import BadHook

TIMEOUT = "must be a number of seconds from 1 to 60"
RETRY = "must be True, False or a schedule; a schedule must be"
MAX_RETRIES = "must be a whole number from 0 to 50"


@pytest.mark.parametrize(
    ("attribute", "value", "allowed"),
    [
        ("provides_args", "name", "must be a list of names"),  # would be four, of one letter each
        ("provides_args", b"name", "must be a list of names"),
        ("provides_args", None, "must be a list of names"),
        ("provides_args", ["name", 7], "must hold the arguments' names"),
        ("provides_args", [""], "must hold the arguments' names"),
        ("provides_args", {"total": "float"}, "must give Python types"),
        ("timeout", "abc", TIMEOUT),
        ("timeout", 0, TIMEOUT),
        ("timeout", -1, TIMEOUT),
        ("timeout", 5000, TIMEOUT),
        ("timeout", True, TIMEOUT),  # a number to Python
        ("timeout", float("nan"), TIMEOUT),
        ("retry", "garbage", RETRY),
        ("retry", None, RETRY),
        ("retry", 0, RETRY),  # neither False nor a schedule
        ("retry", [-5], RETRY),
        ("retry", ["5s", "x"], RETRY),
        ("max_retries", "3", MAX_RETRIES),
        ("max_retries", -1, MAX_RETRIES),
        ("max_retries", 1.5, MAX_RETRIES),
        ("max_retries", 10**9, MAX_RETRIES),  # as many waits would be kept in memory
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_hook_and_name(attribute, value, allowed):
    with pytest.raises(BadHook) as refused:
        Hook(name="bad", **{attribute: value})

    assert str(refused.value).startswith(f"The hook bad cannot have {attribute}={value!r}: it {allowed}")


@pytest.mark.parametrize(
    "attributes",
    [
        {"provides_args": {"a", "b"}},
        {"provides_args": {"total": float, "note": None}},
        {"timeout": 60},
        {"timeout": 1.5},
        {"timeout": None},
        {"retry": True},
        {"retry": []},
        {"retry": ("5s", 300)},
        {"max_retries": 0},
        {"max_retries": 50},
    ],
)
def test_what_is_allowed_is_taken(attributes):
    hook = Hook(name="good", **attributes)

    assert {name: getattr(hook, name) for name in attributes} == attributes


def test_a_class_is_asked_as_well_when_it_is_registered(words):
    class Bad(Hook):
        name = "bad"
        retry = "garbage"

    with pytest.raises(BadHook, match="retry='garbage'"):
        words.register(Bad)
    assert "bad" not in words


def test_what_was_set_after_it_was_made_is_found_at_registration(words):
    hook = Hook(name="bad")
    hook.timeout = 0

    with pytest.raises(BadHook, match="timeout=0"):
        words.register(hook)
    assert "bad" not in words
