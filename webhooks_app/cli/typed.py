"""What do the words on a command line mean? Ids, `key=text` and `key:=json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, TextIO

import click

from webhooks_app.arguments import Argument
from webhooks_app.errors import BadFilter
from webhooks_app.match_forms import value_of
from webhooks_app.storage import ids

_ASSIGNMENT = re.compile(r"(?P<name>[^=]*?[^=:])(?P<sign>:?=)(?P<value>.*)", re.DOTALL)


class RowId(click.ParamType[str]):
    """An id as people see it (`lsn_…`); gives the row's."""

    name = "id"

    def __init__(self, prefix: str, noun: str) -> None:
        self.prefix, self.noun = prefix, noun

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The bare 32 digits; wrong usage if it is no such id."""
        found = ids.parse(self.prefix, value)
        if found is None:
            self.fail(f"{value!r} is not the id of {self.noun} ({self.prefix}_…).", param, ctx)
        return found


LISTENER = RowId(ids.LISTENER, "a listener")
DELIVERY = RowId(ids.DELIVERY, "a delivery")
EVENT = RowId(ids.EVENT, "an event")


def assigned(texts: Iterable[str], *, arguments: Iterable[Argument] = ()) -> dict[str, Any]:
    """The values of `key=text` and `key:=json`; a name's later value wins. Raises wrong usage for anything else.

    The text of an argument that has a declared type is read as that type. Raises BadFilter where it cannot be:
    no event would have such a value.
    """
    types = {argument.name: argument.type for argument in arguments}
    values: dict[str, Any] = {}
    for text in texts:
        found = _ASSIGNMENT.fullmatch(text)
        if found is None:
            raise click.UsageError(f"{text!r} is neither key=text nor key:=json.")
        name, value = found["name"], found["value"]
        is_json = found["sign"] == ":="
        values[name] = _from_json(name, value) if is_json else _as(types.get(name, ""), value, name=name)
    return values


def json_object(file: TextIO, *, what: str) -> dict[str, Any]:
    """The JSON object in a file; wrong usage if there is none."""
    try:
        source = file.read()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{what} is not UTF-8: {error.reason} at byte {error.start}.") from error
    found = _from_json(what, source)
    if not isinstance(found, dict):
        raise click.UsageError(f"{what} is not a JSON object.")
    return found


def _from_json(what: str, source: str) -> Any:
    try:
        return json.loads(source)
    except ValueError as error:
        raise click.UsageError(f"{what} is not JSON: {error}.") from error
    except RecursionError as error:
        raise click.UsageError(f"{what} is nested too deeply.") from error


def _as(type_: str, text: str, *, name: str) -> Any:
    if type_ in ("", "text"):
        return text
    try:
        return value_of(text, type_)
    except ValueError as error:
        raise BadFilter(f"{name}: {text[:40]!r} is none of its values. {error}", argument=name) from error
