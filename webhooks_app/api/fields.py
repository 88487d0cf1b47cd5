"""Of what kinds are the values that the API takes and gives?

Stricter than marshmallow's own: "5" is no number and 1 no text. What is refused has a code for programs
and a sentence for people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields

from webhooks_app.engine.failures import CLASSES
from webhooks_app.errors import UnserializablePayload
from webhooks_app.moments import rfc3339
from webhooks_app.payload import json_value, jsonable
from webhooks_app.storage import ids
from webhooks_app.storage.queries.page import Cursor

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_CODE = re.compile(r"[1-5]([0-9][0-9]|xx)", re.IGNORECASE)
_HTTP_CLASS = re.compile(r"http_[1-5][0-9]{2}")
_CODE_OF = {"required": "required", "null": "null", "unknown": "unknown_field", "type": "invalid_type"}


def refusal(code: str, message: str) -> ma.ValidationError:
    """What a field raises."""
    return ma.ValidationError({"code": code, "message": message})


class Taken(ma.Schema):
    """What a call takes. A field that is not named here is refused."""

    most_bytes: int | None = None  # of a body; None: as all bodies
    may_be_empty = False  # whether a call without a body is one with {}

    class Meta:
        unknown = ma.RAISE

    error_messages = {  # noqa: RUF012 (marshmallow's own name)
        "unknown": {"code": "unknown_field", "message": "There is no such field."},  # type: ignore[dict-item]  # a dict of ours
        "type": {"code": "invalid_type", "message": "This must be a JSON object."},  # type: ignore[dict-item]  # likewise
    }

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002 (marshmallow's signature)
        """Give each refusal of the field its code."""
        field_obj.error_messages = {
            key: message
            if isinstance(message, dict)
            else {"code": _CODE_OF.get(key, "invalid"), "message": message}
            for key, message in (field_obj.error_messages or {}).items()
        }
        if isinstance(field_obj, fields.List):
            field_obj.error_messages |= {
                "invalid": {"code": "invalid_type", "message": "This must be a list."}
            }


class Read(fields.Field[Any]):
    """Before a marshmallow field: the field says by `read` what it makes of a value, or raises `refusal`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 (marshmallow's signature)
        return self.read(value)

    def read(self, value: Any) -> Any:
        """The value as the engine takes it."""
        raise NotImplementedError


class Text(Read, fields.String):
    """Text that every database can keep and compare."""

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refusal("invalid_type", "This must be text.")
        # PostgreSQL takes no U+0000, and no encoding has lone surrogates.
        if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
            raise refusal("invalid", "This holds a character that cannot be kept.")
        return value


class Word(Text):
    """Text that a query asks for; an empty one would be passed over, and everything shown."""

    def read(self, value: Any) -> str:
        if value == "":
            raise refusal("invalid", "Write a value, or leave this out.")
        return super().read(value)


class Number(Read, fields.Float):
    """A finite number."""

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refusal("invalid_type", "This must be a number.")
        try:
            return float(json_value(value))  # type: ignore[arg-type]  # a number, as checked above
        except (UnserializablePayload, OverflowError) as error:
            raise refusal("out_of_range", "This number is out of range.") from error


class Whole(Read, fields.Integer):
    """A whole number, be it written as 40 or as 40.0: to JSON (and JSON Schema) both are the same."""

    def read(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise refusal("invalid_type", "This must be a whole number.")
        if abs(value) > 2**31:
            raise refusal("out_of_range", "This number is out of range.")
        return value


class Object(Read, fields.Field[dict[str, Any]]):
    """A JSON object whose values follow the rules of a payload."""

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refusal("invalid_type", "This must be a JSON object.")
        try:
            return dict(jsonable(value))
        except UnserializablePayload as error:
            raise refusal("not_json", str(error)) from error


class Texts(fields.Dict):
    """A JSON object whose values are text; a refused one is named by its own key."""

    def __init__(self, **more: Any) -> None:
        super().__init__(keys=Text(), values=Text(), **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise refusal("invalid_type", "This must be a JSON object.")
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]  # marshmallow's
        except ma.ValidationError as error:
            # marshmallow says whether the key or its value is wrong, in a level of its own.
            found: Any = error.messages
            raise ma.ValidationError(
                {key: next(iter(either.values())) for key, either in found.items()}
            ) from error


class Moment(Read, fields.Field[datetime]):
    """A moment: RFC 3339 with Z or an offset is taken, UTC with Z and milliseconds given."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 (marshmallow's signature)
        return None if value is None else rfc3339(value)

    def read(self, value: Any) -> datetime:
        # A plus that was not escaped arrives as a space.
        text = re.sub(r" (\d\d:\d\d)$", r"+\1", str(value))
        try:
            if not _RFC3339.fullmatch(text):
                raise ValueError(text)
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise refusal("invalid", "Write a moment as 2026-03-02T09:30:00Z.") from error


class Id(Read, fields.String):
    """An id of one kind with its prefix; what is read is the row's bare id."""

    def __init__(self, prefix: str, **more: Any) -> None:
        super().__init__(metadata={"pattern": f"^{prefix}_[0-9a-f]{{32}}$"}, **more)
        self.prefix = prefix

    def read(self, value: Any) -> str:
        found = bare_id(self.prefix, str(value))
        if found is None:
            raise refusal("invalid", f"This is not an id that begins with {self.prefix}_.")
        return found


class Choice(Read, fields.String):
    """One of a few words."""

    def __init__(self, words: Sequence[str], **more: Any) -> None:
        super().__init__(validate=ma.validate.OneOf(words), **more)
        self.words = words

    def read(self, value: Any) -> str:
        if value not in self.words:
            raise refusal("not_allowed", f"This must be one of: {', '.join(self.words)}.")
        return str(value)


class Choices(Read, fields.List[str]):
    """Some of a few words, with commas between or repeated."""

    def __init__(self, words: Sequence[str], **more: Any) -> None:
        super().__init__(fields.String(validate=ma.validate.OneOf(words)), **more)
        self.words = words

    def read(self, value: Any) -> tuple[str, ...]:
        texts = value if isinstance(value, list) else [value]
        given = tuple(part for text in texts for part in str(text).split(","))
        if not set(given) <= set(self.words):
            raise refusal("not_allowed", f"This must be one of: {', '.join(self.words)}.")
        return given


class StatusCode(Read, fields.String):
    """A status code as 500, or a hundred of them as 5xx."""

    def read(self, value: Any) -> str:
        if not _CODE.fullmatch(str(value)) or not str(value).isascii():
            raise refusal("invalid", "Write a status code as 500, or as 5xx for all of its hundred.")
        return str(value)


class ErrorClass(Read, fields.String):
    """Why there was no answer, or http_ and the status code of one."""

    def read(self, value: Any) -> str:
        if value not in CLASSES and not _HTTP_CLASS.fullmatch(str(value)):
            raise refusal(
                "not_allowed", f"This must be http_ and a status code, or one of: {', '.join(CLASSES)}."
            )
        return str(value)


class ReadOnly(Read, fields.Field[Any]):
    """What a document tells and a call cannot set; the sentence says what can be done instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(metadata={"readOnly": True, "description": sentence})
        self.sentence = sentence

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002 (marshmallow's signature)
        """Refuse whatever was given, null too."""
        if value is not ma.missing:
            raise refusal("read_only", self.sentence)
        return value


class Place(Read, fields.String):
    """A cursor that a list gave as `next`."""

    def read(self, value: Any) -> Cursor:
        try:
            return Cursor.decode(str(value))
        except ValueError as error:
            raise refusal("bad_cursor", "This is not a cursor of this list.") from error


def bare_id(prefix: str, text: str) -> str | None:
    """The row's id behind an outside id; None for another kind's, and for one without its prefix."""
    return ids.parse(prefix, text) if text.startswith(f"{prefix}_") else None


def describe(plugin: Any) -> None:
    """Tell the OpenAPI document what the kinds look like."""
    plugin.map_to_openapi_type(Object, "object", None)
    plugin.map_to_openapi_type(Moment, "string", "date-time")
