"""Which filter does somebody want, and what is wrong with each of its conditions? Every fault is found at once.

A condition that no event can meet is a fault too: its listener would wait in silence. What an argument can be is
known only where its hook declares a type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from webhooks_app.arguments import Argument, type_word
from webhooks_app.errors import BadFilter, FieldError, Refused, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.match import Contains, Exists, Filter, In, Matcher, Not, matchers_for
from webhooks_app.match_forms import offered
from webhooks_app.matcher import in_words
from webhooks_app.payload import decode

Given = str | Mapping[str, Any] | None
"""A filter as it came: text, or decoded JSON, or none."""

_KINDS = {
    "text": "a text",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}


def wanted_filter(hook: Hook, asked: Filter, given: Given, *, kept: Filter) -> Filter:
    """What `asked` and `given` ask for together; raises Refused with a fault for each condition that has one.

    What `kept` asks too may stay, although it can never hold.
    """
    try:
        conditions = _decoded(given)
        errors = [*_strangers(hook, asked), *_never(hook, asked, kept), *_faults(hook, conditions, kept)]
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


def _faults(hook: Hook, conditions: Mapping[str, Any], kept: Filter) -> Iterator[FieldError]:
    for name, condition in conditions.items():
        try:
            one = Filter.from_json({name: condition})
        except BadFilter as error:
            yield _fault(error, "bad_filter")
        else:
            yield from _strangers(hook, one)
            yield from _never(hook, one, kept)


def _strangers(hook: Hook, asked: Filter) -> Iterator[FieldError]:
    """A fault for each argument that the hook does not provide."""
    for name in asked.arguments:
        try:
            hook.check_filter(Filter({name: (Exists(),)}))
        except BadFilter as error:
            yield _fault(error, "filter_argument")


def _never(hook: Hook, asked: Filter, kept: Filter) -> Iterator[FieldError]:
    """A fault for each condition that can never hold, or, with "not", always does."""
    arguments = {argument.name: argument for argument in hook.arguments}
    for name, matcher in asked.asked:
        if name in arguments and (name, matcher) not in kept.asked:
            sentence = _why_never(hook, arguments[name], _innermost(matcher))
            if sentence:
                yield FieldError(f"filter.{name}", "filter_never", sentence)


def _why_never(hook: Hook, argument: Argument, matcher: Matcher) -> str:
    fitting = offered(hook, argument)
    kind = _KINDS.get(argument.type)
    if type(matcher) not in fitting:
        fits_type = type(matcher) in matchers_for(argument.type)
        because = "only the events of a model say what changed" if fits_type else f"{argument.name} is {kind}"
        words = ", ".join(each.name for each in fitting)
        return f'"{matcher.name}" can never hold: {because}. Choose one of {words}.'
    is_item = isinstance(matcher, Contains) and argument.type == "list"
    if kind is None or matcher.takes == "nothing" or is_item:
        return ""
    values = matcher.value if isinstance(matcher, In) else [matcher.value]
    if any(value is None or type_word(type(value)) == argument.type for value in values):
        return ""
    return f'"{matcher.name}" {in_words(matcher.value)} can never hold: {argument.name} is {kind}.'


def _innermost(matcher: Matcher) -> Matcher:
    while isinstance(matcher, Not):
        matcher = matcher.matcher
    return matcher


def _fault(error: BadFilter, code: str) -> FieldError:
    return FieldError(f"filter.{error.argument}" if error.argument else "filter", code, str(error))
