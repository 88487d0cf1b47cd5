"""What does somebody send by hand? A form made of the hook's arguments, filled in from its last event.

Each argument has its value as text and the word for how it is meant; what the hook does not declare, but its
last event held, is JSON beside them, so that sending the same again loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.form import BaseForm

from webhooks_app.arguments import Argument
from webhooks_app.errors import FieldError, UnserializablePayload
from webhooks_app.event import Hook
from webhooks_app.match_forms import value_of
from webhooks_app.payload import Json, decode
from webhooks_app.storage.ids import new_id

PREFIX = "arg-"
ABSENT = "absent"
MEANT = {
    "text": "text", "number": "number", "boolean": "true/false", "json": "JSON", "null": "null",
    ABSENT: "left out",
}  # fmt: skip
_NO_VALUE = "Write a value, or choose null or left out."


class SendForm(FlaskForm):
    """What is sent besides the declared arguments."""

    made_as = HiddenField()  # a form that is sent twice makes one event
    further = TextAreaField("Further arguments, as JSON")


class EventDraft:
    """The forms of one event, filled from a payload or as they were sent; `payload` is None after an error."""

    def __init__(self, hook: Hook, *, sent: Any = None, last: Mapping[str, Any] | None = None) -> None:
        known = {argument.name for argument in hook.arguments}
        rest = {name: value for name, value in (last or {}).items() if name not in known}
        self.hook = hook
        self.form = SendForm(
            formdata=sent, data={"made_as": new_id(), "further": _as_json(rest) if rest else ""}
        )
        fields = [field for argument in hook.arguments for field in _fields(argument)]
        self.rows: Any = BaseForm(fields, prefix=PREFIX)
        self.rows.process(sent, data=_typed(hook.arguments, last or {}))
        self.payload = None if sent is None else self._read()

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put the engine's errors to the field that holds the whole."""
        self.form.further.errors = [error.message for error in errors]

    def _read(self) -> dict[str, Json] | None:
        is_valid = self.form.validate() and self.rows.validate()
        payload = self._further()
        for argument in self.hook.arguments:
            meant, value = self.rows[f"{argument.name}_as"].data, self.rows[argument.name]
            if meant == ABSENT:
                continue
            try:
                payload[argument.name] = _value(value.data or "", meant)
            except ValueError as error:
                value.errors = [str(error)]
        has_errors = self.form.further.errors or any(field.errors for field in self.rows)
        return payload if is_valid and not has_errors else None

    def _further(self) -> dict[str, Json]:
        try:
            found = decode((self.form.further.data or "").strip() or "{}")
        except UnserializablePayload as error:
            found, sentence = None, str(error)
        else:
            sentence = 'Write a JSON object, such as {"city": "York"}.'
        if isinstance(found, dict):
            return dict(found)
        self.form.further.errors = [sentence]
        return {}


def _fields(argument: Argument) -> list[tuple[str, Any]]:
    name = argument.name
    kinds = [_kind_of(argument), "null", ABSENT] if argument.type else list(MEANT)
    choices = [SelectChoice(kind, MEANT[kind]) for kind in kinds]
    return [(name, StringField(name)), (f"{name}_as", SelectField(f"How {name} is meant", choices=choices))]


def _kind_of(argument: Argument) -> str:
    return "json" if argument.type in ("list", "object") else argument.type


def _typed(arguments: Iterable[Argument], last: Mapping[str, Any]) -> dict[str, str]:
    """What to put into the rows for these values; an argument that the last event did not have is left out."""
    found = {}
    for argument in arguments:
        value = last.get(argument.name)
        meant = _meant(value) if argument.name in last else ABSENT
        if argument.type and meant not in (_kind_of(argument), "null", ABSENT):
            meant = _kind_of(argument)  # of another type than declared: shown, and refused when it is sent
        found[f"{argument.name}_as"] = meant
        found[argument.name] = "" if value is None else value if isinstance(value, str) else _as_json(value)
    return found


def _meant(value: Any) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), ((int, float), "number"), (str, "text"))
    return next((kind for types, kind in kinds if isinstance(value, types)), "json")


def _value(typed: str, meant: str) -> Json:
    """What was typed as it is meant. Raises ValueError with a sentence for the field."""
    if meant == "text":
        return typed
    if meant == "null":
        return None
    if not typed.strip():
        raise ValueError(_NO_VALUE)
    return value_of(typed, "object" if meant == "json" else meant)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
