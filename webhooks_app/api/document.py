"""How does `/api/v1/openapi.json` come from the code? Every call's decorators, and what all calls share."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, jsonify, request
from flask_smorest import Api

from webhooks_app.api import fields
from webhooks_app.api.given import Problem
from webhooks_app.api.problems import MEDIA_TYPE
from webhooks_app.version import __version__

PREFIX = "/api/v1"

DESCRIPTION = """\
Send a token in every call: `Authorization: Bearer whk_…`. Scopes: `read`, `publish`, `write`, each with what
the one before may do. Lists are `{"data": […], "next": cursor or null}`, newest first; errors are
`application/problem+json`. Moments are RFC 3339 in UTC. A GET has an ETag; with `If-None-Match` it answers 304.
Only an address of more than 4094 bytes is refused before any call is reached: 414, and no problem document.
"""


class Document(Api):
    """flask-smorest's Api, with problems as its errors and without error handlers of its own."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None  # each call names its problems
    nouns: Sequence[dict[str, str]] = ()

    def _register_error_handlers(self) -> None:
        """Nothing: theirs would answer for the pages too; problems.py answers for the API."""

    def _openapi_json(self) -> Response:
        # Where the console hangs below an application's prefix, its calls do too.
        servers = {"servers": [{"url": request.script_root or "/"}]}
        return jsonify({**self.spec.to_dict(), **servers, "tags": self.nouns})

    def _register_pagination_header(self) -> None:
        """Nothing: lists have cursors, and no header of theirs."""

    def _register_responses(self) -> None:
        content = {MEDIA_TYPE: {"schema": Problem}}
        for status in HTTPStatus:
            if status >= 400:
                self.spec.components.response(
                    status.name, {"description": status.phrase, "content": content}, lazy=True
                )


def make(app: Flask) -> Document:
    """The document of this application, and the address that serves it."""
    app.config.update(
        API_TITLE="Webhooks App",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
    )
    document = Document(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    fields.describe(document.ma_plugin)
    scheme = {"type": "http", "scheme": "bearer", "description": "A token of the console, whk_…"}
    document.spec.components.security_scheme("bearer", scheme)
    return document
