"""Is what is not JSON refused by its name, and what is kept as it was sent?"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from uuid import UUID

import pytest

from webhooks_app.errors import UnserializablePayload
from webhooks_app.payload import MAX_DEPTH, decode, encode, json_value, jsonable


class Colour(Enum):
    RED = "red"
    GREEN = 2


class Level(IntEnum):
    HIGH = 3


class State(StrEnum):
    OPEN = "open"


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Count(int):
    pass


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC), "2026-12-31T23:59:58Z"),
        (datetime(2026, 12, 31, 23, 59, 58, 120_000, tzinfo=UTC), "2026-12-31T23:59:58.120000Z"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=2))), "2026-12-31T23:59:00+02:00"),
        (time(23, 59, tzinfo=UTC), "23:59:00Z"),
        (datetime(2026, 12, 31, tzinfo=timezone(timedelta(hours=2))), "2026-12-31T00:00:00+02:00"),
        (date(2026, 12, 31), "2026-12-31"),
        (time(8, 30), "08:30:00"),
        (Decimal("12.50"), "12.50"),  # text, so that no cent is lost
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (Colour.GREEN, "GREEN"),  # a number would mean nothing to a receiver
        (Level.HIGH, "HIGH"),
        (State.OPEN, "open"),
        (Loud("quiet"), "quiet"),  # what it holds, not what it says
        (Count(7), 7),
        (OrderedDict(b=1, a=[None, True]), {"b": 1, "a": [None, True]}),
        (10**4299, 10**4299),  # 4300 digits
        ("\u0000", "\u0000"),
    ],
)
def test_value_becomes_plain_json(value, kept):
    made = jsonable({"x": value})["x"]

    assert made == kept
    assert type(made) is type(kept)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"a": object()}, 'Argument "a": object is not a JSON type.'),
        ({"a": {"b": [1, {2}]}}, 'Argument "a.b[1]": set is not a JSON type.'),
        ({"a": (1, 2)}, 'Argument "a": tuple is not a JSON type.'),
        ({"a": b"x"}, 'Argument "a": bytes is not a JSON type.'),
        ({"a": MappingProxyType({})}, 'Argument "a": mappingproxy is not a JSON type.'),
        ({"a": [float("nan")]}, 'Argument "a[0]": nan is not a JSON number.'),
        ({"a": -float("inf")}, 'Argument "a": -inf is not a JSON number.'),
        ({"a": 10**4300}, 'Argument "a": a whole number may have at most 4300 digits.'),
        ({"a": -(10**4300)}, 'Argument "a": a whole number may have at most 4300 digits.'),
        ({"a": "\ud800"}, 'Argument "a": it holds a lone surrogate, which is not a character.'),
        ({"\udfff": 1}, 'Argument "\\udfff": it holds a lone surrogate, which is not a character.'),
        ({"a": {1: 2}}, 'Argument "a": a key must be text, not int.'),
        ({None: 2}, "The payload: a key must be text, not NoneType."),
    ],
)
def test_what_is_not_json_is_refused_by_name(payload, message):
    with pytest.raises(UnserializablePayload) as caught:
        encode(payload)

    assert str(caught.value) == message


def nested(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_payload_may_be_so_deep_and_no_deeper():
    assert jsonable(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(UnserializablePayload, match="deeper than 64 levels"):
        jsonable(nested(MAX_DEPTH + 1))


def test_payload_that_contains_itself_is_refused():
    endless: list = []
    endless += [endless, endless]  # twice, so that a search without an end would also widen

    with pytest.raises(UnserializablePayload, match="or contains itself"):
        jsonable({"a": endless})


def test_payload_is_written_compactly_in_ascii_in_its_order():
    assert encode({"b": "é\u0000", "a": [1, 1.5, None]}) == '{"b":"\\u00e9\\u0000","a":[1,1.5,null]}'


def test_payload_is_copied():
    inner = [1]
    kept = jsonable({"a": inner})

    inner.append(2)

    assert kept == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not a JSON number"),
        ("-Infinity", "-Infinity is not a JSON number"),
        ("1e999", "inf is not a JSON number"),
        ('"\\ud800"', "lone surrogate"),
        ("[" * 100_000, "nested"),
        ("[" * 65 + "]" * 65, "deeper than 64"),
        ("1" * 5000, "not JSON"),
        ("{", "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_poison_is_refused_when_read(text, reason):
    with pytest.raises(UnserializablePayload, match=reason):
        decode(text)


def test_one_value_can_be_checked_alone():
    assert json_value([date(2026, 1, 2)]) == ["2026-01-02"]
    with pytest.raises(UnserializablePayload, match="The payload: object is not"):
        json_value(object())
