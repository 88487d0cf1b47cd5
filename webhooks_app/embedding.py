"""How does an existing Flask application get the console? `Webhooks(app, db=db, admin=…)`.

The console is a Flask application of its own, mounted under a URL prefix, so that no template, endpoint or
cookie collides with the host's; its tables stand in the host's database. Events join the host's sessions.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context, request
from sqlalchemy.orm import Session
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from webhooks_app import cli
from webhooks_app.application import import_hooks, make_console
from webhooks_app.logs import clean_for_others
from webhooks_app.redaction import CleanFormatter, redaction_for
from webhooks_app.runtime.dev_env import ensure_dev_env
from webhooks_app.setting_pairs import refuse_debugger
from webhooks_app.setting_source import says_production
from webhooks_app.settings import Settings
from webhooks_app.start import refused_in_one_line

HOST_ENVIRON = "webhooks_app.host_environ"


class Webhooks:
    """The console inside another application.

    `db` is the host's Flask-SQLAlchemy object, `admin` says inside a request of the host whether whoever
    asks may use the console (without it, the console has users of its own), `url_prefix` is where it stands.
    `console` is the mounted application. What it logs comes to the host's handlers without secrets; `redact` does
    the same for what others log. Raises SettingError where a setting is not allowed, and
    HooksModuleError for a module of WEBHOOKS_HOOKS that cannot be imported.
    """

    def __init__(
        self,
        app: Flask,
        *,
        db: Any,
        admin: Callable[[], bool] | None = None,
        url_prefix: str = "/webhooks",
    ) -> None:
        self.host, self.db, self.url_prefix = app, db, "/" + url_prefix.strip("/")
        with refused_in_one_line():
            settings = self._settings()
            refuse_debugger(is_production=settings.is_production, is_on=app.debug)
            clean_for_others(settings)
            self.console = make_console(
                settings,
                caller_session=self._session_of_host,
                is_host_admin=(lambda: self._asks_host(admin)) if admin else None,
                url_prefix=self.url_prefix,
            )
            import_hooks(settings.hooks)
        self._redacted = redaction_for(settings)
        app.extensions["webhooks"] = self.console.extensions["webhooks"]
        cli.register(app)
        mounted = DispatcherMiddleware(app.wsgi_app, {self.url_prefix: self.console.wsgi_app})
        app.wsgi_app = _remember_environ(mounted)  # type: ignore[method-assign,assignment]  # Flask documents it

    def redact(self, handler: logging.Handler) -> None:
        """Star secrets, and escape control characters, in whatever this handler of the host's log writes."""
        handler.setFormatter(CleanFormatter(handler.formatter, self._redacted))

    def _settings(self) -> Settings:
        instance = Path(self.host.instance_path)
        if not says_production(os.environ):
            ensure_dev_env(instance)
        given = {**os.environ, "DATABASE_URL": self._database_url()}
        key = self.host.secret_key
        if key and not given.keys() & {"SECRET_KEY", "SECRET_KEY_FILE"}:
            given["SECRET_KEY"] = key if isinstance(key, str) else key.hex()
        settings = Settings.read(given, root=Path(self.host.root_path), instance=instance)
        if settings.source("WEBHOOKS_HOOKS") == "default":
            # The host registers its hooks itself, and the demo's are not wanted among them.
            return replace(settings, hooks=())
        return settings

    def _database_url(self) -> str:
        with self.host.app_context():
            url: str = self.db.engine.url.render_as_string(hide_password=False)
        return url

    def _session_of_host(self) -> Session | None:
        session: Session | None = self.db.session() if has_app_context() else None
        return session

    def _asks_host(self, admin: Callable[[], bool]) -> bool:
        """Ask the host about this request as the host itself would see it, with its own cookies and user."""
        with self.host.request_context(request.environ[HOST_ENVIRON]):
            return bool(admin())


def _remember_environ(wsgi_app: Any) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Keep the request's first environment, from before the prefix was cut off."""

    def remembering(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = wsgi_app({**environ, HOST_ENVIRON: environ}, start_response)
        return answer

    return remembering
