"""How is a request read? Strictly: JSON in UTF-8 and nothing else, and no field that is not known.

A body that is no JSON is answered 400, one with a field that cannot be accepted 422, one that is too large
413 (1 MiB, a batch 16 MiB), another media type 415.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from webhooks_app.errors import FieldError, Refused

BATCH_BYTES = 16 * 1024**2


class StrictParser(FlaskParser):
    """Reads queries and bodies for the calls; raises Refused, which problems.py answers."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 (webargs' own name and type)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        # A misspelt filter that was passed over would show everything.
        "query": ma.RAISE,
        "json": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body, as decoded JSON."""
        if schema.most_bytes:  # type: ignore[attr-defined]  # every body's schema is a Taken
            req.max_content_length = schema.most_bytes  # type: ignore[attr-defined]  # likewise
        if schema.may_be_empty and not req.get_data(cache=True):  # type: ignore[attr-defined]  # likewise
            return {}
        return read_json(req)

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query; a repeated argument becomes one with commas, and a token in it is not looked at."""
        query = {
            name: ",".join(values)
            for name, values in req.args.lists()
            if name not in ("token", "access_token")
        }
        return self._makeproxy(MultiDict(query), schema)

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Say which fields are refused."""
        # webargs puts what is wrong below the place it was read from: {"json": {…}}.
        found = error.messages if isinstance(error.messages, dict) else {"": error.messages}
        raise Refused(*(each for messages in found.values() for each in _field_errors(messages))) from error


def read_json(req: Request) -> Any:
    """The decoded body. Raises BadRequest, UnsupportedMediaType, RequestEntityTooLarge or Refused."""
    if not req.is_json:
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.")
    raw = req.get_data(cache=True)
    # One that does not say its length beforehand is cut off at the limit without a word.
    if req.content_length is None and req.max_content_length and len(raw) >= req.max_content_length:
        raise RequestEntityTooLarge
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise Refused(FieldError("", "too_deep", "The body is nested too deeply.")) from error
    except ValueError as error:  # more digits than Python reads
        raise Refused(FieldError("", "not_json", f"The body cannot be read: {error}.")) from error


def _refuse_constant(word: str) -> NoReturn:
    raise Refused(FieldError("", "not_json", f"{word} is not a JSON number."))


def _field_errors(messages: Any, path: str = "") -> Iterator[FieldError]:
    """What marshmallow says, as one FieldError a refused field; a field in an object has dots."""
    if isinstance(messages, str):
        yield FieldError(path, "invalid", messages)
    elif isinstance(messages, list):
        for each in messages:
            yield from _field_errors(each, path)
    elif messages.keys() == {"code", "message"} and isinstance(messages["code"], str):
        yield FieldError(path, messages["code"], messages["message"])
    else:
        for key, below in messages.items():
            yield from _field_errors(below, path if key == "_schema" else f"{path}.{key}".lstrip("."))
