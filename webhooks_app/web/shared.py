"""What do all pages share? Who may see them, what stands around them, and how they say no."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, url_for
from sqlalchemy.orm import Session

from webhooks_app.console import console
from webhooks_app.engine import Engine
from webhooks_app.extensions import db
from webhooks_app.storage import ids
from webhooks_app.web import error_pages, identity, protection, shell
from webhooks_app.web.error_pages import error_page
from webhooks_app.web.identity import actor, allowed, open_to_all
from webhooks_app.web.protection import any_host, request_id

__all__ = [
    "absolute", "actor", "allowed", "any_host", "bare_id", "engine", "error_page", "fresh_session", "open_to_all",
    "register", "request_id", "session",
]  # fmt: skip


def register(app: Flask, *, doors: Any) -> None:
    """Give `app` what its pages share; `doors()` are the names of the blueprints that have pages."""
    protection.register(app)
    shell.register(app)
    identity.register(app, doors=doors)
    error_pages.register(app)


def engine() -> Engine:
    """The engine of the application that is serving."""
    return console().engine


def session() -> Session:
    """The session that this request reads with; it never writes."""
    found: Session = db.session()
    return found


def fresh_session() -> Session:
    """The same after the engine has written: what was read before is read anew."""
    db.session.rollback()
    return session()


def absolute(endpoint: str, **values: Any) -> str:
    """The whole address of a page or call, as programs elsewhere may use it, whatever host this request came to.

    The base URL may name the folder that the console stands in, or leave it out.
    """
    base = console().settings.public_base_url.removesuffix(request.script_root)
    return base + url_for(endpoint, **values)


def bare_id(prefix: str, text: str) -> str:
    """The row's id in an address; a text that is none gives an id that no row has."""
    return ids.parse(prefix, text) or ""
