"""When are two JSON values the same?

Strict where Python is not: True is not 1 and "1" is not 1. Numbers are compared
by value, 1 and 1.0 being the same number.
"""

from __future__ import annotations

import json

from webhooks_app.payload import Json


def same(wanted: Json, got: object) -> bool:
    """Whether `got` is the value `wanted`, type for type, lists and objects all the way down."""
    kind = type(wanted)
    if kind is str:
        return bool(wanted == got)
    if wanted is None or kind is bool:
        return wanted is got
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, dict):
        if not isinstance(got, dict) or wanted.keys() != got.keys():
            return False
        return all(same(item, got[key]) for key, item in wanted.items())
    return type(got) is not bool and bool(wanted == got)


def canonical(value: Json) -> str:
    """One text for all values that are the same: two values are the same where their texts are equal."""
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"))


def _canonical(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value
