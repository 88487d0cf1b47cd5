"""How does a program learn what went wrong? By an `application/problem+json` document (RFC 9457).

Every error below /api/ is one, those of the framework and of the database included; none ever falls
through to a page. `detail` is a sentence for people, `errors` name the refused fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, default_exceptions

from webhooks_app.console import console
from webhooks_app.errors import (
    BadFilter,
    Conflict,
    FieldError,
    NotFound,
    NotRegistered,
    Refused,
    SecretUnavailable,
    Unavailable,
    UnserializablePayload,
)
from webhooks_app.storage import faults
from webhooks_app.storage.queries import revision

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

_NO_SUCH_TABLE = "42P01"  # PostgreSQL's word for a database that is not migrated


def problem(
    status: int,
    detail: str,
    *,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """The answer that says what went wrong; `members` are further members of the document."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": g.get("request_id"),
        **members,
    }
    named = [{"field": error.field, "code": error.code, "message": error.message} for error in errors]
    if named:
        document["errors"] = named
    response = jsonify(document)
    response.status_code = status
    response.mimetype = MEDIA_TYPE
    response.headers.update(headers or {})
    return response


def register(app: Flask, blueprint: Blueprint) -> None:
    """Answer every error of the blueprint, and every address below /api/ that is none of its calls."""
    # Each code by itself: an application's handler of a code would win over a blueprint's for all codes.
    for code in default_exceptions:
        blueprint.register_error_handler(code, _of_framework)
    for kind, answer in _ANSWERS.items():
        blueprint.register_error_handler(kind, answer)
    app.register_error_handler(HTTPException, _outside_of_calls)


def _outside_of_calls(error: HTTPException) -> Any:
    """A problem for what no call matches, of which the blueprint's handlers hear nothing."""
    is_ours = request.path == "/api" or request.path.startswith("/api/")
    return _of_framework(error) if is_ours else error


def _of_framework(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return problem(413, f"The body is larger than {_mebibytes(request.max_content_length)}.")
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return problem(405, f"This address takes {allowed}.", headers={"Allow": allowed})
    if status == 404:
        return problem(404, "There is nothing at this address.")
    if status == 500:
        return problem(500, "Something went wrong here. It has been logged under this request_id.")
    return problem(status, error.description or HTTPStatus(status).phrase)


def _refused(error: Refused) -> Response:
    is_too_large = any(each.code == "payload_too_large" for each in error.errors)
    # Each sentence once: a batch may be refused many times for the same reason.
    detail = " ".join(dict.fromkeys(each.message for each in error.errors))
    return problem(413 if is_too_large else 422, detail, errors=error.errors)


def _bad_filter(error: BadFilter) -> Response:
    field = f"filter.{error.argument}" if error.argument else "filter"
    return _refused(Refused(FieldError(field, "bad_filter", str(error))))


def _not_json(error: UnserializablePayload) -> Response:
    return _refused(Refused(FieldError("payload", "not_json", str(error))))


def _no_such_hook(error: NotRegistered) -> Response:
    names = list(console().engine.hooks)
    known = f"The hooks are: {', '.join(names)}." if names else "No hook is registered."
    return problem(404, f"{error} {known}", hooks=names)


def _not_found(error: NotFound) -> Response:
    return problem(404, str(error))


def _conflict(error: Conflict | SecretUnavailable) -> Response:
    return problem(409, str(error))


def _unavailable(error: Unavailable) -> Response:
    return problem(503, str(error), headers={"Retry-After": str(error.retry_after_seconds)})


def _no_database(error: Exception) -> Response:
    current_app.logger.error("The database did not answer a call of the API: %s", error)
    return problem(
        503,
        revision.advice(console().sa_engine, is_guest=console().is_guest) or faults.sentence_for(error),
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _unkeepable(error: sa.exc.DataError) -> Response:
    current_app.logger.warning("A call of the API held what the database cannot keep: %s", error.orig)
    return problem(400, "This holds a character or a number that cannot be kept.")


def _wrong_query(error: sa.exc.ProgrammingError) -> Response:
    if getattr(error.orig, "sqlstate", None) != _NO_SUCH_TABLE:
        raise error
    return _no_database(error)


def _mebibytes(most: int | None) -> str:
    return f"{(most or 0) // 1024**2} MiB"


_ANSWERS: dict[type[Exception], Any] = {
    Refused: _refused,
    BadFilter: _bad_filter,
    UnserializablePayload: _not_json,
    NotRegistered: _no_such_hook,
    NotFound: _not_found,
    Conflict: _conflict,
    SecretUnavailable: _conflict,
    Unavailable: _unavailable,
    sa.exc.DataError: _unkeepable,
    sa.exc.OperationalError: _no_database,
    sa.exc.InterfaceError: _no_database,
    sa.exc.ProgrammingError: _wrong_query,
    sa.exc.TimeoutError: _no_database,  # every connection of the pool was in use for too long
}
