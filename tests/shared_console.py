"""How do a thousand tests of pages share one console? It is built once, and each test lends it an engine.

Building it takes longer than most tests. What a test changes in its configuration is put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from flask import Flask
from limits.errors import StorageError

from webhooks_app.engine import Engine
from webhooks_app.extensions import db, limiter
from webhooks_app.registry import hooks
from webhooks_app.storage.database import make_engine


@contextmanager
def lent(built: Flask, engine: Engine, **config: Any) -> Iterator[Flask]:
    """The console on this engine and its database, for the length of a test."""
    bound_before, config_before = hooks._port, dict(built.config)
    console_before = built.extensions["webhooks"]
    sa_engine = make_engine(engine.settings.database_url)
    with built.app_context():
        engines: Any = db.engines  # Flask-SQLAlchemy's own dict of this application's engines
        engine_before = engines[None]
        engines[None] = sa_engine
    built.extensions["webhooks"] = replace(
        console_before, engine=engine, settings=engine.settings, sa_engine=sa_engine
    )
    built.config.update(TESTING=True, **config)
    built.extensions["webhooks_queue_check"].forget()
    # There is no Redis here; until a request finds that out, nothing was counted in its place.
    with suppress(StorageError):
        limiter.limiter.storage.reset()
    try:
        yield built
    finally:
        engines[None] = engine_before
        sa_engine.dispose()
        built.extensions["webhooks"] = console_before
        built.config.clear()
        built.config.update(config_before)
        hooks._port = bound_before
