"""Calls about hooks: which kinds of event are there, and what do they provide?"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import marshmallow as ma

from webhooks_app.api import given, taken
from webhooks_app.api.fields import Read, Taken, refusal
from webhooks_app.api.noun import Noun
from webhooks_app.console import console
from webhooks_app.engine.documents import hook_json

bp = Noun("hooks", __name__, description="Kinds of event, registered in code.")

EXAMPLE = {
    "name": "person",
    "verbose_name": "Person",
    "description": "A person was added or changed.",
    "provides_args": [{"name": "name", "type": "text"}, {"name": "address", "type": "text"}],
}


class _HookPlace(Read, ma.fields.String):
    """Where the list of hooks goes on: after the hook of this name."""

    def read(self, value: Any) -> str:
        try:
            name = base64.b64decode(str(value).encode("ascii"), altchars=b"-_", validate=True).decode()
        except (binascii.Error, UnicodeError):
            name = ""
        if name not in console().engine.hooks:
            raise refusal("bad_cursor", "This is not a cursor of this list.")
        return name


class HooksWanted(Taken):
    """Which part of the list."""

    limit = taken.limit()
    cursor = _HookPlace(load_default=None)


@bp.call("GET", "/hooks", scope="read")
@bp.arguments(HooksWanted, location="query")
@bp.response(200, given.page_of(given.Hook), example={"data": [EXAMPLE], "next": None})
def list_hooks(wanted: dict[str, Any]) -> dict[str, Any]:
    """Every hook, in the order of registration"""
    hooks = list(console().engine.hooks.values())
    names = [hook.name for hook in hooks]
    start = names.index(wanted["cursor"]) + 1 if wanted["cursor"] else 0
    shown = hooks[start : start + wanted["limit"]]
    has_more = start + len(shown) < len(hooks)
    cursor = base64.urlsafe_b64encode(shown[-1].name.encode()).decode() if has_more else None
    return {"data": [hook_json(hook) for hook in shown], "next": cursor}


@bp.call("GET", "/hooks/<name>", scope="read", problems=(404,))
@bp.response(200, given.Hook, example=EXAMPLE)
def get_hook(name: str) -> dict[str, Any]:
    """One hook"""
    return hook_json(console().engine.hooks[name])
