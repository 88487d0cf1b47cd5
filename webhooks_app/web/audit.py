"""Who did what? The audit log, for admins; rows are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import changed
from webhooks_app.storage import ids
from webhooks_app.storage.people import AuditEntry
from webhooks_app.storage.queries import audit as facets
from webhooks_app.storage.queries import listeners
from webhooks_app.storage.queries import people as queries
from webhooks_app.web import list_place, present, spreadsheet
from webhooks_app.web.clean_address import without_empty_fields
from webhooks_app.web.shared import allowed, engine, session

bp = Blueprint("audit", __name__, url_prefix="/audit")

ROWS_A_PAGE = 50
ROWS_A_READING = 500
COLUMNS = ("at", "actor", "act", "object_type", "object_id", "before", "after", "ip", "request_id")
# Where an object has a page: its type, the page, the name of its part of the address, its id's prefix.
_PAGES = {
    "listener": ("listeners.show", "listener_id", ids.LISTENER),
    "delivery": ("deliveries.show", "delivery_id", ids.DELIVERY),
    "event": ("events.show", "event_id", ids.EVENT),
}
_DONE = {
    "create": "Created", "change": "Changed", "delete": "Deleted", "pause": "Paused", "resume": "Resumed",
    "disable": "Disabled", "rotate-secret": "Secret rotated", "test": "Test sent",
    "begin-rotate-keys": "Rotation of keys begun", "rotate-keys": "Keys rotated", "prune": "Pruned",
    "mark-failing": "Marked as failing", "recover": "Recovered", "warn": "Warned",
    "retry": "Retried", "cancel": "Cancelled", "clear": "Cleared", "revoke": "Revoked",
    "sign-in": "Signed in", "sign-in-link": "Sign-in link made", "sign-out": "Signed out",
    "sign-out-everywhere": "Signed out everywhere", "set-password": "Password set", "void-password": "Password voided",
}  # fmt: skip
# What the log keeps of these is no value of theirs.
_FINGERPRINTS = {
    "secret": "secret fingerprint",
    "headers": "header fingerprints",
    "trusted_ca": "authority fingerprints",
}  # nosec B105 # words
_LISTS = {"user": "settings.users", "token": "settings.tokens"}  # nosec B105 # names of pages


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; `was` and `is_now` say whether there was anything before, and is now."""

    name: str
    old: Any
    new: Any
    was: bool
    is_now: bool


@bp.get("")
@allowed("admin")
def index() -> str | Answer:
    """The log, narrowed by who and what."""
    if elsewhere := without_empty_fields():
        return elsewhere
    asked, place = _asked(), list_place.read(request.args)
    page = queries.audit(session(), **asked, cursor=place.cursor, limit=ROWS_A_PAGE)
    named = {one.id: row_id for one in page.rows if (row_id := _listener_id(one))}
    names = listeners.names_of(session(), set(named.values()))
    return render_template(
        "audit/index.html",
        entries=[
            (entry, changes_of(entry), _object_url(entry), names.get(named.get(entry.id, "")))
            for entry in page.rows
        ],
        asked=asked,
        beyond=place.beyond(page),
        left_out=place.with_problem({}),
        actors=facets.actors(session()),
        acts=facets.acts(session()),
        older=_address(asked, page.older),
        newer=_address(asked, page.newer),
    )


@bp.get("/export")
@allowed("admin")
def export() -> Response:
    """Everything that the filter finds, newest first, as a file for a spreadsheet."""
    rows = (_row(entry) for entry in _every_entry(engine(), _asked()))
    return spreadsheet.download(COLUMNS, rows, f"audit-{engine().clock():%Y-%m-%d}.csv")


def changes_of(entry: AuditEntry) -> list[Change]:
    """The fields that differ between before and after, in their order; not those that held nothing in either."""
    before, after = entry.before or {}, entry.after or {}
    old, new = changed(before, after)
    changes = [
        Change(
            _FINGERPRINTS.get(name, name),
            old.get(name),
            new.get(name),
            was=_is_there(before, name),
            is_now=_is_there(after, name),
        )
        for name in old
    ]
    return [one for one in changes if one.was or one.is_now]


@bp.app_template_filter("act_done")
def act_done(act: str) -> str:
    """An act as what was done: Created, Secret rotated."""
    return _DONE.get(act, act.replace("-", " ").capitalize())


def _asked() -> dict[str, str]:
    return {name: value for name in ("actor", "act") if (value := request.args.get(name, "").strip()[:254])}


def _every_entry(found: Engine, asked: dict[str, str]) -> Iterator[AuditEntry]:
    """By a short reading after the other: whoever downloads slowly must not hold one open."""
    cursor: str | None = None
    while True:
        with found.readings() as reading:
            page = queries.audit(reading, **asked, cursor=cursor, limit=ROWS_A_READING)
        yield from page.rows
        cursor = page.older
        if cursor is None:
            return


def _row(entry: AuditEntry) -> tuple[str, ...]:
    object_id = entry.object_id
    if entry.object_type in _PAGES:
        prefix = _PAGES[entry.object_type][2]
        row_id = ids.parse(prefix, object_id)
        object_id = ids.shown(prefix, row_id) if row_id else object_id
    return (
        present.iso(entry.at), entry.actor, entry.act, entry.object_type, object_id,
        _as_json(entry.before), _as_json(entry.after), entry.ip or "", entry.request_id or "",
    )  # fmt: skip


def _as_json(state: Mapping[str, Any] | None) -> str:
    return "" if state is None else json.dumps(state, ensure_ascii=False)


def _is_there(state: Mapping[str, Any], name: str) -> bool:
    # Not `in`: 0 and False are values.
    value = state.get(name)
    return value is not None and value != "" and value != {} and value != []


def _listener_id(entry: AuditEntry) -> str | None:
    return ids.parse(ids.LISTENER, entry.object_id) if entry.object_type == "listener" else None


def _object_url(entry: AuditEntry) -> str | None:
    if entry.object_type in _LISTS:
        return url_for(_LISTS[entry.object_type])
    if entry.object_type not in _PAGES:
        return None
    endpoint, part, prefix = _PAGES[entry.object_type]
    row_id = ids.parse(prefix, entry.object_id)
    values: dict[str, Any] = {part: ids.shown(prefix, row_id)} if row_id else {}
    return url_for(endpoint, **values) if values else None


def _address(asked: dict[str, str], cursor: str | None) -> str | None:
    return f"{url_for('audit.index')}?{urlencode(asked | {'cursor': cursor})}" if cursor else None
