"""Which filter does somebody want, and what is wrong with each of its conditions? Every fault is found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from webhooks_app.errors import BadFilter, FieldError, Refused, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.match import Exists, Filter
from webhooks_app.payload import decode

Given = str | Mapping[str, Any] | None
"""A filter as it came: text, or decoded JSON, or none."""


def wanted_filter(hook: Hook, asked: Filter, given: Given) -> Filter:
    """What `asked` and `given` ask for together; raises Refused with a fault for each condition that has one."""
    try:
        conditions = _decoded(given)
        errors = [*_strangers(hook, asked), *_faults(hook, conditions)]
        if errors:
            raise Refused(*errors)
        # As a whole, because there may be too many of them.
        return asked & Filter.from_json(conditions)
    except BadFilter as error:
        raise Refused(_fault(error, "bad_filter")) from error


def _decoded(given: Given) -> Mapping[str, Any]:
    if not isinstance(given, str):
        return given or {}
    try:
        found = decode(given)
    except UnserializablePayload as error:
        raise BadFilter(str(error)) from error
    if not isinstance(found, dict):
        Filter.from_json(given)  # says what a filter is
    return found if isinstance(found, dict) else {}


def _faults(hook: Hook, conditions: Mapping[str, Any]) -> Iterator[FieldError]:
    for name, condition in conditions.items():
        try:
            one = Filter.from_json({name: condition})
        except BadFilter as error:
            yield _fault(error, "bad_filter")
        else:
            yield from _strangers(hook, one)


def _strangers(hook: Hook, asked: Filter) -> Iterator[FieldError]:
    """A fault for each argument that the hook does not provide."""
    for name in asked.arguments:
        try:
            hook.check_filter(Filter({name: (Exists(),)}))
        except BadFilter as error:
            yield _fault(error, "filter_argument")


def _fault(error: BadFilter, code: str) -> FieldError:
    return FieldError(f"filter.{error.argument}" if error.argument else "filter", code, str(error))
