"""What stands on every answer, and which requests are turned away before anyone looks at them?

Headers that tell the browser to run nothing but our own files, an id for each request, and the check of
the Host header, which Flask would also make of the health pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest
from werkzeug.sansio.utils import host_is_trusted

from webhooks_app.console import console
from webhooks_app.storage.ids import new_id

View = TypeVar("View", bound=Callable[..., Any])

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "manifest-src 'self'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

TWO_YEARS = 63_072_000

# A proxy's id is kept, so that its log and ours can be laid side by side, if it cannot forge a log line.
_ID_OF_PROXY = re.compile(r"[A-Za-z0-9_-]{8,40}")


def register(app: Flask) -> None:
    """Guard every request of `app`, the API's too."""
    app.before_request(_name_request)
    app.before_request(_check_host)
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)


def any_host(view: View) -> View:
    """Let this page be asked for under any Host, as a health check by address does."""
    view.any_host = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def request_id() -> str:
    """The id of this request, to quote when asking for help."""
    if "request_id" not in g:
        _name_request()
    return str(g.request_id)


def _name_request() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _ID_OF_PROXY.fullmatch(given) else new_id()[-16:]


def _check_host() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "any_host", False):
        return
    # Names are the same in any case; the settings hold them in lower case.
    if not host_is_trusted(request.host.lower(), list(console().settings.trusted_hosts)):
        raise BadRequest("This server does not answer to that host name (TRUSTED_HOSTS).")


def _refuse_nul() -> None:
    """No text of ours holds U+0000, and PostgreSQL cannot even look for it; the API names the field itself."""
    if request.path.startswith("/api/"):
        return
    asked = [request.path, *request.args, *(value for _, value in request.args.items(multi=True))]
    if any("\0" in text for text in asked):
        raise BadRequest("The address holds a character that no text can have.")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request_id()
    if console().settings.public_base_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}; includeSubDomains")
    # What somebody who is signed in saw must not be found in a cache after they signed out.
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
