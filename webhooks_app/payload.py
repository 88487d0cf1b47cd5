"""What is a payload, and how is it written down?

JSON and nothing else: text, whole numbers, finite floats, booleans, null, lists
and objects. Moments, decimals, UUIDs and enum members become text, so that a
hook's author can send what a model holds. Everything is refused here, before a
row is written: a payload that cannot be sent must not be stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import NoReturn, TypeAlias
from uuid import UUID

from webhooks_app.errors import UnserializablePayload

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 64
"""Levels of lists and objects, the payload itself being the first."""

MAX_DIGITS = 4300
"""Digits of a whole number: what Python itself reads and writes without a change of its settings."""

_TOO_LONG = 10**MAX_DIGITS


def jsonable(payload: Mapping[str, object]) -> dict[str, Json]:
    """The payload as plain JSON values, in the order given; a copy that shares no list or dict with it.

    Raises UnserializablePayload, which names the argument and the path inside it.
    """
    try:
        return _object(payload, 1)
    except _Unfit as unfit:
        raise UnserializablePayload(unfit.sentence()) from None


def json_value(value: object) -> Json:
    """One value as plain JSON, by the rules of a payload; raises UnserializablePayload."""
    try:
        return _value(value, 1)
    except _Unfit as unfit:
        raise UnserializablePayload(unfit.sentence()) from None


def encode(payload: Mapping[str, object]) -> str:
    """The payload as compact JSON in ASCII, keys in the order given; checked as `jsonable` does.

    ASCII, because PostgreSQL refuses U+0000 in text and an escaped one survives.
    """
    try:
        return _encode(jsonable(payload))
    except ValueError as exc:  # the digits this Python may write were set lower than ours
        raise UnserializablePayload(f"The payload cannot be written as JSON: {exc}.") from exc


def decode(text: str | bytes) -> Json:
    """Read JSON as strictly as it is written; raises UnserializablePayload."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as exc:
        raise UnserializablePayload(f"JSON may be nested at most {MAX_DEPTH} levels deep.") from exc
    except ValueError as exc:
        raise UnserializablePayload(f"This is not JSON: {exc}.") from exc
    return json_value(value)


_encode = json.JSONEncoder(
    ensure_ascii=True,
    allow_nan=False,
    check_circular=False,  # jsonable() has made a tree of it
    separators=(",", ":"),
).encode


class _Unfit(Exception):
    """Something in a payload is not JSON; on its way out it learns where it was."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = []

    def sentence(self) -> str:
        where = ""
        for step in reversed(self.path):
            if isinstance(step, int):
                where += f"[{step}]"
            else:
                where += f".{_shown(step)}" if where else _shown(step)
        return f'Argument "{where}": {self.reason}' if where else f"The payload: {self.reason}"


def _shown(key: str) -> str:
    # An error message is logged and rendered as UTF-8, which has no lone surrogates.
    key = key.encode("utf-8", "backslashreplace").decode()
    return key if len(key) <= 80 else f"{key[:79]}…"


def _object(value: Mapping[str, object], depth: int) -> dict[str, Json]:
    _check_depth(depth)
    made: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _Unfit(f"a key must be text, not {type(key).__name__}.")
        try:
            made[_text(key)] = _value(item, depth + 1)
        except _Unfit as unfit:
            unfit.path.append(key)
            raise
    return made


def _list(value: list[object], depth: int) -> list[Json]:
    _check_depth(depth)
    made: list[Json] = []
    for index, item in enumerate(value):
        try:
            made.append(_value(item, depth + 1))
        except _Unfit as unfit:
            unfit.path.append(index)
            raise
    return made


def _check_depth(depth: int) -> None:
    # A list that contains itself ends here too.
    if depth > MAX_DEPTH:
        raise _Unfit(f"it is nested deeper than {MAX_DEPTH} levels, or contains itself.")


def _value(value: object, depth: int) -> Json:
    if value is None or value is True or value is False:
        return value
    # An enum member may be a str or an int as well.
    if isinstance(value, Enum):
        return _member(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, dict):
        return _object(value, depth)
    if isinstance(value, list):
        return _list(value, depth)
    return _foreign(value)


def _foreign(value: object) -> str:
    if isinstance(value, (datetime, date, time)):
        # UTC is written as everywhere else on the wire, by Z; another offset is the application's and stays.
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    raise _Unfit(f"{type(value).__name__} is not a JSON type.")


def _member(member: Enum) -> str:
    """The value where it is text, else the name: numbers of members mean nothing to a receiver."""
    return _text(member.value if isinstance(member.value, str) else str(member.name or member.value))


def _text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as exc:
            raise _Unfit("it holds a lone surrogate, which is not a character.") from exc
    # A subclass could give another text each time it is asked.
    return text if type(text) is str else str.__str__(text)


def _whole(number: int) -> int:
    if not -_TOO_LONG < number < _TOO_LONG:
        raise _Unfit(f"a whole number may have at most {MAX_DIGITS} digits.")
    return number if type(number) is int else int.__int__(number)


def _finite(number: float) -> float:
    if not isfinite(number):
        raise _Unfit(f"{number!r} is not a JSON number.")
    return number if type(number) is float else float.__float__(number)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")
