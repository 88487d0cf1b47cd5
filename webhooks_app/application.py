"""How is the application put together? The one place that sees every room.

In development it makes its keys itself (`instance/dev.env`), so that `flask --app wsgi …` and
`gunicorn wsgi:app` work before the first `webhooks up`; production refuses to start without them.
"""

from __future__ import annotations

import importlib
import logging
import os
import sysconfig
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, has_app_context
from sqlalchemy.orm import Session

from webhooks_app import api, cli, jobs, web
from webhooks_app.builtin import register_built_in
from webhooks_app.console import Console
from webhooks_app.engine import LEASE_MARGIN, Engine, outbox, problems, sources
from webhooks_app.engine.addresses import NetworkPolicy, policy_from
from webhooks_app.engine.declared import save_postponed
from webhooks_app.engine.port import EnginePort
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.sender import Sender
from webhooks_app.engine.transport import Transport
from webhooks_app.errors import HooksModuleError
from webhooks_app.extensions import csrf, db, limiter, login, migrate
from webhooks_app.logs import set_up_logging
from webhooks_app.registry import hooks
from webhooks_app.runtime.dev_env import ensure_dev_env
from webhooks_app.runtime.redis_client import quick_client
from webhooks_app.runtime.worker import queue_of, worker_name
from webhooks_app.setting_addresses import network_exposure
from webhooks_app.setting_pairs import refuse_debugger
from webhooks_app.setting_source import says_production
from webhooks_app.settings import Settings
from webhooks_app.start import is_command, one_line
from webhooks_app.storage import database, migrations, sqlite_file
from webhooks_app.storage.base import Base
from webhooks_app.web.proxies import behind_proxies

log = logging.getLogger("webhooks_app")

PROJECT_ROOT = Path(__file__).resolve().parent.parent

MAX_REQUEST_BYTES = 1024 * 1024
SESSION_HOURS = 12

# Where a failing line is not the fault of whoever wrote the hooks.
_NOT_THEIRS = (
    "<frozen ",
    str(Path(__file__).resolve().parent),
    *(sysconfig.get_path(each) for each in ("stdlib", "purelib", "platlib")),
)


def create_app(settings: Settings | None = None) -> Flask:
    """The console as a Flask application, bound to `hooks`.

    `settings` default to the environment's. Raises SettingError for a setting that is not allowed and
    HooksModuleError for a module of hooks that cannot be imported.
    """
    settings = settings or read_settings()
    set_up_logging(settings)
    app = make_console(settings, caller_session=_session_of_this_app)
    import_hooks(settings.hooks)
    return app


def read_settings(root: Path = PROJECT_ROOT, instance: Path | None = None) -> Settings:
    """The environment's settings; in development with keys that are made at first use."""
    instance = instance or root / "instance"
    if not says_production(os.environ):
        ensure_dev_env(instance)
    return Settings.read(root=root, instance=instance)


def make_console(
    settings: Settings,
    *,
    caller_session: Callable[[], Session | None],
    is_host_admin: Callable[[], bool] | None = None,
    url_prefix: str = "",
) -> Flask:
    """The Flask application with its doors and its engine, bound to `hooks` and to this process's jobs."""
    app = Flask(
        "webhooks_app",
        template_folder=str(_beside_package("templates")),
        static_folder=str(_beside_package("static")),
        instance_path=str(settings.instance_path),
    )
    refuse_debugger(is_production=settings.is_production, is_on=app.debug)
    app.url_map.merge_slashes = False  # an address with two slashes is another one, and no redirect
    app.config.update(_flask_config(settings))
    app.wsgi_app = behind_proxies(app.wsgi_app, settings, url_prefix=url_prefix)  # type: ignore[method-assign]  # Flask documents this assignment
    _bind_extensions(app)
    sa_engine = _sa_engine(app)
    engine = build_engine(settings, sa_engine, caller_session=caller_session, url_prefix=url_prefix)
    app.extensions["webhooks"] = Console(app, engine, settings, sa_engine, is_host_admin, url_prefix)
    for door in (web, api, cli):
        door.register(app)
    bind(engine)
    _warn_of_exposure(settings)
    app.teardown_appcontext(lambda _error: _save_postponed(engine))
    return app


def bind(engine: Engine) -> None:
    """Lead hooks, signals, sessions and jobs of this process to this engine."""
    hooks.bind(EnginePort(engine))
    jobs.bind(engine)
    for watcher in (outbox, problems, sources):
        watcher.listen()


def build_engine(
    settings: Settings,
    sa_engine: sa.Engine,
    *,
    caller_session: Callable[[], Session | None],
    url_prefix: str = "",
) -> Engine:
    """The engine with its production parts. Raises GuardNotEffective if the transport's guard does not guard."""
    policy = policy_from(settings, url_prefix=url_prefix)
    transport = Transport(policy, threads=settings.sender_threads, proxy=settings.outbound_proxy)
    _prove_guard()
    return Engine(
        hooks=hooks,
        settings=settings,
        sessions=database.sessions_for(sa_engine),
        readings=database.readings_for(sa_engine),
        caller_session=caller_session,
        queue=queue_of(settings.redis_url),
        transport=transport,
        sender=Sender(threads=settings.sender_threads),
        seal=Seal(settings.encryption_keys),
        policy=policy,
        clock=_clock(),
        worker_name=worker_name(),
        lease_margin=_lease_margin(),
    )


@cache
def _prove_guard() -> None:
    """Once a process: a transport that would dial a refused address ends the start (GuardNotEffective)."""
    Transport(NetworkPolicy()).self_test()


def import_hooks(modules: tuple[str, ...]) -> None:
    """Import the modules that register hooks, and add the built-in ones.

    Raises HooksModuleError naming module, file and line, and AlreadyRegistered where one of them has taken the name
    of a built-in hook.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except (
            Exception,
            SystemExit,
        ) as error:  # whatever a module of hooks raises ends the start, in one line
            raise HooksModuleError(
                f"The hooks module {module} cannot be imported: {type(error).__name__}: "
                f"{_said(error)}{_place(error)}. See WEBHOOKS_HOOKS."
            ) from error
    register_built_in(hooks)  # last, because people look for their own ones first


def _said(error: BaseException) -> str:
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return one_line(error.orig)  # without the statement, which nobody could read on one line
    return str(getattr(error, "msg", None) or error)


def _place(error: BaseException) -> str:
    """The line of the author's own code that failed, not of a library that it called."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not frame.filename.startswith(_NOT_THEIRS)]
    return f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""


def _warn_of_exposure(settings: Settings) -> None:
    """What is unwise in production, though it works; a command's standard output belongs to its answer."""
    if not settings.is_production or is_command():
        return
    if settings.public_base_url.startswith("http://"):
        log.warning("PUBLIC_BASE_URL is http: passwords, sessions and tokens cross the network unencrypted.")
    if exposure := network_exposure(settings.allowed_networks, is_production=settings.is_production):
        log.warning(exposure)


def _save_postponed(engine: Engine) -> None:
    """After a command such as `flask db upgrade`, or a request: it may be that the tables are there now."""
    try:
        save_postponed(engine)
    except sa.exc.DBAPIError as error:
        log.warning("The listeners declared in code wait on: %s", one_line(error.orig or error))


def _session_of_this_app() -> Session | None:
    return db.session() if has_app_context() else None


def _beside_package(name: str) -> Path:
    """A folder of ours: inside the installed package, or at the top of a checkout."""
    installed = Path(__file__).resolve().parent / name
    return installed if installed.is_dir() else PROJECT_ROOT / name


def _flask_config(settings: Settings) -> dict[str, object]:
    is_https = settings.public_base_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": database.engine_options(settings.database_url),
        "TRUSTED_HOSTS": None,  # checked by the web door, which lets the health pages through
        "MAX_CONTENT_LENGTH": MAX_REQUEST_BYTES,
        "MAX_FORM_PARTS": 1000,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=SESSION_HOURS),
        "SESSION_COOKIE_NAME": "__Host-webhooks" if is_https else "webhooks_session",
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "WTF_CSRF_TIME_LIMIT": SESSION_HOURS * 3600,
        "RATELIMIT_ENABLED": True,
        # Our own connections: they take every form of REDIS_URL, and give up in half a second.
        "RATELIMIT_STORAGE_URI": "redis://",
        "RATELIMIT_STORAGE_OPTIONS": {
            "connection_pool": quick_client(settings.redis_url).connection_pool,
            "wrap_exceptions": True,  # so that the pages need not know whose they are
        },
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(
        app,
        db,
        directory=str(migrations.folder()),
        version_table=migrations.VERSION_TABLE,
        metadata=Base.metadata,
    )
    csrf.init_app(app)
    login.init_app(app)
    limiter.init_app(app)


def _sa_engine(app: Flask) -> sa.Engine:
    with app.app_context():
        engine = db.engine
    sqlite_file.refuse_unsafe(engine.url)
    database.settle(engine)
    return engine


def _lease_margin() -> timedelta:
    """Shorter for tests that kill workers; inert unless WEBHOOKS_TESTING=1, like the failpoints."""
    if os.environ.get("WEBHOOKS_TESTING") != "1" or "WEBHOOKS_LEASE_MARGIN_MS" not in os.environ:
        return LEASE_MARGIN
    return timedelta(milliseconds=int(os.environ["WEBHOOKS_LEASE_MARGIN_MS"]))


def _clock() -> Callable[[], datetime]:
    """The host's; for tests one that jumps by the seconds in a file, inert like the others."""
    file = os.environ.get("WEBHOOKS_CLOCK_OFFSET_FILE", "")
    if os.environ.get("WEBHOOKS_TESTING") != "1" or not file:
        return lambda: datetime.now(UTC)
    return lambda: datetime.now(UTC) + timedelta(seconds=float(Path(file).read_text("utf-8")))
