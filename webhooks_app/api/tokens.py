"""Who calls, and may they? A bearer token in the Authorization header, with a scope (RFC 6750).

Nothing else lets a program in: a token in the URL is not looked at, and neither is the session cookie of
the pages, which is why no call needs a CSRF token.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, g, request

from webhooks_app.api.problems import problem
from webhooks_app.console import console
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import Actor
from webhooks_app.extensions import db
from webhooks_app.storage.people import ApiToken, Scope

log = logging.getLogger("webhooks_app.api")

_REALM = 'Bearer realm="webhooks-app"'


def check() -> Response | None:
    """Let a call through whose token has the scope that its view asks for; before every call."""
    token = _token_of_request()
    if token is None:
        _expect_tables()
        return _unknown()
    g.api_token = token
    view: Any = current_app.view_functions[str(request.endpoint)]
    asked = Scope(view.scope)  # Noun.call sets it
    if not includes(token.scope, asked):
        return _too_narrow(token, asked)
    return None


def includes(scope: str, asked: str) -> bool:
    """Whether a token of this scope may do what asks for that one."""
    order = list(Scope)
    return order.index(Scope(scope)) >= order.index(Scope(asked))


def token() -> ApiToken:
    """The token of this call."""
    found: ApiToken = g.api_token
    return found


def caller() -> Actor:
    """This call's token as one who acts, for the audit log."""
    return Actor(f"token {token().name}", ip=request.remote_addr, request_id=g.get("request_id"))


def _token_of_request() -> ApiToken | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return None
    engine = console().engine
    found = accounts.token_of(db.session(), given.strip(), now=engine.clock())
    # The connection goes back: a reading transaction must not stay open beside one that writes.
    db.session.close()
    if found is not None:
        _note_use(found)
    return found


def _expect_tables() -> None:
    """Raise the database's error where it has no tables yet: then no token is good, and a new one would not help."""
    db.session().execute(sa.select(ApiToken.id).limit(1))
    db.session.close()


def _note_use(token: ApiToken) -> None:
    try:
        accounts.touch_token(console().engine, token)
    except sa.exc.OperationalError as error:
        # Whoever only reads is served even while nothing can be written.
        log.warning("The use of the token %s could not be noted: %s", token.name, error)


def _unknown() -> Response:
    if _is_bearer():
        return problem(
            401,
            "This token is not known, has expired or was revoked.",
            headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
        )
    return problem(401, "Send a token: Authorization: Bearer whk_…", headers={"WWW-Authenticate": _REALM})


def _is_bearer() -> bool:
    """Whether a token was sent at all, be it a wrong one."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def _too_narrow(token: ApiToken, asked: Scope) -> Response:
    return problem(
        403,
        f'This call needs a token with the scope "{asked}"; this one has "{token.scope}".',
        headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{asked}"'},
        scope=str(asked),
    )
