"""What does the frame around a page need to know? The context of templates/base.html."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask, current_app, g, has_request_context, request
from flask_login import current_user

from webhooks_app.console import console
from webhooks_app.engine import Queue, QueueRefuses, QueueUnreachable, room, unreadable
from webhooks_app.extensions import db
from webhooks_app.storage.queries import figures
from webhooks_app.version import __version__
from webhooks_app.web import identity, present

CHECKED_EVERY_SECONDS = 3.0
DEMO = "webhooks_app.demo"

TELL_OF_REDIS = ("dashboard", "system")  # the pages that say it themselves
QUEUE_AWAY = (
    "Redis does not answer. Events are accepted and kept, and the clock delivers them meanwhile, more slowly."
)
QUEUE_REFUSES = (
    "Redis takes nothing: its memory or disk is full, or it is a copy that only reads. Events are accepted and kept, "
    "and go out slowly. See Redis's log and its maxmemory."
)
STORAGE_FULL = (
    "Storage is nearly full: {free} are left for the database. The API refuses new events until there is more; "
    "free some space, or lower WEBHOOKS_MIN_FREE_BYTES."
)
KEY_MISSING = (
    "Signing secrets cannot be read with WEBHOOKS_ENCRYPTION_KEYS: deliveries wait, and nothing is sent unsigned. "
    "Put the former key back behind the newest and restart; `webhooks rotate-keys --dry-run` names the listeners."
)
SHARED_SQLITE = (
    "This console shares an SQLite database with the application around it, and SQLite lets one process "
    "write at a time. Use PostgreSQL before it gets busy."
)


class QueueCheck:
    """Whether the queue answers; asked at most once in a few seconds, because a page must not wait for it."""

    def __init__(self, queue: Callable[[], Queue], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue, self._clock = queue, clock
        self._asked_at: float | None = None
        self._problem = ""

    def problem(self) -> str:
        """What is wrong with it, as a sentence; the last answer, or a fresh one if that is too old."""
        now = self._clock()
        if self._asked_at is None or now - self._asked_at >= CHECKED_EVERY_SECONDS:
            self._asked_at, self._problem = now, self._ask()
        return self._problem

    def forget(self) -> None:
        """Ask anew the next time."""
        self._asked_at = None

    def _ask(self) -> str:
        try:
            self._queue().try_out()
        except QueueRefuses:
            return QUEUE_REFUSES
        except QueueUnreachable:
            return QUEUE_AWAY
        return ""


def register(app: Flask) -> None:
    """Give `app`'s templates their filters and the frame's context."""
    present.register(app, clock=_now)
    app.extensions["webhooks_queue_check"] = QueueCheck(lambda: console().engine.queue)
    app.context_processor(_frame)


def _now() -> datetime:
    return console().engine.clock()


def demo_is_loaded() -> bool:
    """Whether the demo's hooks are among those of this console."""
    hook = console().engine.hooks.get("person")
    return hook is not None and type(hook).__module__ == DEMO


def queue_problem() -> str:
    """What is wrong with Redis, as of a few seconds ago; "" where nothing is."""
    check: QueueCheck = current_app.extensions["webhooks_queue_check"]
    return check.problem()


def _frame() -> dict[str, Any]:
    if not has_request_context():
        return {}
    settings = console().settings
    context = {
        "environment_label": settings.env_label,
        "nav_active": _place(),
        "demo_loaded": demo_is_loaded(),
        "version": __version__,
        "theme": request.cookies.get("theme", ""),
        "banners": [],
        "alarm": False,
        "may": lambda _role: False,
        "sign_in_address": identity.sign_in_address,
    }
    if g.get("is_error_page") or not current_user.is_authenticated:
        return context
    return context | {"banners": _banners(), "alarm": _alarm(), "may": current_user.may}


def _place() -> str:
    blueprint = request.blueprint or ""
    return {"listener_forms": "listeners"}.get(blueprint, blueprint)


def _banners() -> list[tuple[str, str]]:
    found = []
    queue = queue_problem()
    if queue and request.blueprint not in TELL_OF_REDIS:
        found.append(("bad", queue))
    free = room.free_bytes_if_few(console().engine)
    if free is not None:
        found.append(("bad", STORAGE_FULL.format(free=present.byte_size(free))))
    if unreadable.is_key_missing(console().engine, db.session()):
        found.append(("bad", KEY_MISSING))
    is_sqlite = console().sa_engine.dialect.name == "sqlite"
    if is_sqlite and console().url_prefix:
        found.append(("info", SHARED_SQLITE))
    return found


def _alarm() -> bool:
    """Whether a listener is in trouble just now; the icon in the browser's tab turns red."""
    return figures.is_any_in_trouble(db.session())
