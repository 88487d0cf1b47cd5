"""What is the same for the calls of every noun? A scope, the problems they may answer, and how pages are given."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask_smorest import Blueprint
from sqlalchemy.orm import Session

from webhooks_app.api.bodies import StrictParser
from webhooks_app.api.fields import bare_id
from webhooks_app.console import console
from webhooks_app.errors import FieldError, NotFound, Refused
from webhooks_app.extensions import db
from webhooks_app.storage.queries import hooks
from webhooks_app.storage.queries.page import Page

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row")

ALWAYS = (401, 403, 503)


class Noun(Blueprint):
    """The calls of one noun; each is documented from its own decorators."""

    ARGUMENTS_PARSER = StrictParser()

    def call(
        self, method: str, rule: str, *, scope: str, problems: tuple[int, ...] = ()
    ) -> Callable[[View], View]:
        """Make a view a call that a token of this scope may make; the outermost decorator."""

        def decorate(view: View) -> View:
            for status in sorted({*ALWAYS, *problems}):
                view = self.alt_response(status, response=HTTPStatus(status).name)(view)
            if method == "GET":
                view = self.alt_response(304, description="Unchanged since the ETag in If-None-Match.")(view)
            view = self.doc(security=[{"bearer": [scope]}], operationId=f"{self.name}.{view.__name__}")(view)
            view.scope = scope  # type: ignore[attr-defined]  # a mark on a function
            self.add_url_rule(rule, None, view, methods=[method], tags=[self.name])
            return view

        return decorate


def session() -> Session:
    """The session that this call reads with; it never writes."""
    reading: Session = db.session()
    return reading


def page_json(page: Page[Row], present: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """A page of a list, as every list is given."""
    return {"data": [present(row) for row in page.rows], "next": page.older}


def check_hook(name: str | None) -> None:
    """Refuse a list of a hook that there is not, unless something is kept of one that was registered once."""
    known = console().engine.hooks
    if name is None or name in known or hooks.is_kept(session(), name):
        return
    names = ", ".join(known) or "none"
    sentence = f"There is no hook named {name!r}, and nothing is kept of one. The hooks are: {names}."
    raise Refused(FieldError("hook", "unknown_hook", sentence))


def id_or_404(prefix: str, text: str) -> str:
    """The row's id in an address. Raises NotFound for anything that is no such id."""
    found = bare_id(prefix, text)
    if found is None:
        raise NotFound(f"There is nothing with this id. It would begin with {prefix}_.")
    return found


def found(row: Row | None) -> Row:
    """The row. Raises NotFound where there is none."""
    if row is None:
        raise NotFound("There is nothing with this id.")
    return row
