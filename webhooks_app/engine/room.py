"""Is there room for more events from outside? Asked before the API takes one; never of code in the process.

A full disk cannot even delete, and a backlog that only grows is better refused while the caller still knows
about it than dropped later.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.errors import Unavailable
from webhooks_app.storage.queries.events import is_backlog_over

MOST_UNDISPATCHED = 500_000


def check(engine: Engine, *, most_undispatched: int = MOST_UNDISPATCHED) -> None:
    """Raises Unavailable while the disk is nearly full, or too many events wait to be dispatched."""
    if free_bytes_if_few(engine) is not None:
        raise Unavailable("Storage is nearly full.", retry_after_seconds=60)
    with engine.readings() as session:
        if is_backlog_over(session.connection(), most_undispatched):
            raise Unavailable("Too many events wait to be dispatched. Is a worker running?")


def free_bytes_if_few(engine: Engine) -> int | None:
    """How much room is left for the database where that is less than the settings want; else None."""
    free = shutil.disk_usage(_folder(engine)).free
    return free if free < engine.settings.min_free_bytes else None


def _folder(engine: Engine) -> Path:
    """Where the database grows, as far as this machine can see it: a server's disk is its own affair."""
    url = sa.make_url(engine.settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).parent
    return engine.settings.instance_path
