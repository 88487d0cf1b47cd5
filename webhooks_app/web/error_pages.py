"""What does a page say when it cannot be shown? A sentence, what to do, and the request's id.

Only for pages: an address under /api/ answers in the API's own form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests

from webhooks_app import errors
from webhooks_app.console import console
from webhooks_app.extensions import db
from webhooks_app.storage import faults
from webhooks_app.storage.queries import revision
from webhooks_app.web.protection import request_id
from webhooks_app.web.typed import typed_values

log = logging.getLogger("webhooks_app.web")

CODES = (400, 403, 404, 405, 413, 422, 429, 500, 503)  # each has a page of its own
OTHER_CODES = (401, 406, 408, 409, 410, 411, 412, 414, 415, 416, 417, 428, 431)


def register(app: Flask) -> None:
    """Answer the errors of `app`'s pages."""
    for code in (*CODES, *OTHER_CODES):
        app.register_error_handler(code, _answer)
    app.register_error_handler(errors.NotFound, _not_found)
    app.register_error_handler(errors.NotRegistered, _not_found)
    app.register_error_handler(DataError, _unkeepable)
    for kind in (OperationalError, ProgrammingError):
        app.register_error_handler(kind, _database_error)


def error_page(code: int, advice: str = "", **context: Any) -> Response:
    """The page of a status code; `advice` stands in place of its own."""
    error = {"description": advice} if advice else None
    shown = code if code in CODES else 400 if code < 500 else 500
    response = make_response(
        render_template(
            f"errors/{shown}.html",
            **{"error": error, "request_id": request_id(), "nav_active": "", **context},
        ),
        code,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def too_many(seconds: int) -> Response:
    """The page for one attempt more than is allowed; the next is, in so many seconds."""
    response = error_page(429, f"Too many attempts. Try again in {seconds} seconds.")
    response.headers["Retry-After"] = str(seconds)
    return response


def _answer(error: HTTPException) -> Any:
    if request.path.startswith("/api/"):
        handler = _handler_of_api(error)
        return handler(error) if handler else error
    if isinstance(error, CSRFError):
        return _expired_form()
    if isinstance(error, TooManyRequests):
        return too_many(error.retry_after if isinstance(error.retry_after, int) else 60)
    if isinstance(error, InternalServerError):
        return _crash(error)
    code = error.code or 500
    return error_page(code, advice=_own_words(error))


def _handler_of_api(error: HTTPException) -> Callable[[Any], Any] | None:
    """What the API has registered for this kind of error; ours stand before it, because they name a code."""
    for name in (*request.blueprints, None):
        handlers = current_app.error_handler_spec[name][None]
        found = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
        if found:
            return found
    return None


def _own_words(error: HTTPException) -> str:
    """What the view said; "" where it said nothing and the page's own sentence is better."""
    said = error.description or ""
    return "" if said == type(error).description else said


def _expired_form() -> Response:
    advice = "This form has expired. Reload the page and try again."
    typed = typed_values(request.form.items(multi=True))
    return error_page(400, advice, typed=typed, form_url=_page_of_form())


def _page_of_form() -> str | None:
    """The page of this site that the form stood on, as the browser names it; or this address, if it is a page."""
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:  # a browser would not send it
        came_from = urlsplit("")
    if (came_from.scheme, came_from.netloc) == (request.scheme, request.host):
        # Without its host, so that it can lead nowhere else; two slashes would begin another one.
        path = "/" + came_from.path.lstrip("/\\")
        return f"{path}?{came_from.query}" if came_from.query else path
    adapter = current_app.create_url_adapter(request)
    is_page = adapter is not None and "GET" in adapter.allowed_methods()
    return request.script_root + request.path if is_page else None


def _crash(error: InternalServerError) -> Response:
    # Flask has logged the traceback; this line lets it be found by the id on the page.
    place = {"request_id": request_id()}
    log.error("Request %s failed: %s %s", request_id(), request.method, request.path, extra=place)
    cause = error.original_exception
    if isinstance(cause, errors.NotBound):
        log.error("%s", cause)
    _forget_user()
    return error_page(500)


def _not_found(error: errors.WebhooksError) -> Response:
    return error_page(404, str(error))


def _unkeepable(error: DataError) -> Response:
    # PostgreSQL takes no U+0000 and no number beyond its types; a form may send either.
    log.warning("Request %s held what the database cannot keep: %s", request_id(), error.orig)
    db.session.rollback()
    return error_page(400, "What was sent holds a character or a number that cannot be kept.")


def _database_error(error: DBAPIError) -> Response:
    place = {"request_id": request_id()}
    log.error("Request %s found the database unwilling: %s", request_id(), error.orig, extra=place)
    _forget_user()
    advice = revision.advice(console().sa_engine, is_guest=console().is_guest)
    if not isinstance(error, OperationalError) and not advice:
        return _crash(InternalServerError(original_exception=error))
    response = error_page(503, advice or faults.sentence_for(error))
    response.headers["Retry-After"] = "10"
    return response


def _forget_user() -> None:
    """Draw the error's page for nobody: to look the user up would ask the database that failed."""
    db.session.remove()
    g.is_error_page = True
    g._login_user = AnonymousUserMixin()  # noqa: SLF001 (where Flask-Login keeps whom it found)
