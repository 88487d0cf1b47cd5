"""What does every test find ready? An engine of fakes, its parts one by one, rows, and real databases.

`engine` stands on an SQLite file of its own with the real settings. `database_url` is a fresh database a
module, once on SQLite and once on PostgreSQL; `any_engine` is an engine on it, emptied for each test.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session

from tests import factories, network_guard, processes
from tests.build import build_engine, settings_for, two_hooks
from tests.caller import bound_words, session_on
from tests.databases import NoServer, database_in, postgresql_server
from tests.fakes import FakeQueue, FakeTransport, FixedClock
from webhooks_app.application import make_console
from webhooks_app.engine import Engine
from webhooks_app.registry import HookRegistry
from webhooks_app.registry import hooks as real_hooks
from webhooks_app.storage.database import make_engine
from webhooks_app.storage.models import Base, Event

network_guard.install()

BOTH_DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
_numbers = itertools.count(1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def hooks() -> HookRegistry:
    return two_hooks()


@pytest.fixture
def engine(
    tmp_path: Path,
    empty_sqlite: Path,
    clock: FixedClock,
    queue: FakeQueue,
    transport: FakeTransport,
    hooks: HookRegistry,
) -> Iterator[Engine]:
    """An engine of fakes on an SQLite file with all tables; its sender is real."""
    shutil.copy(empty_sqlite, tmp_path / "webhooks.db")
    url = f"sqlite:///{tmp_path}/webhooks.db"
    with build_engine(
        url, folder=tmp_path, clock=clock, queue=queue, transport=transport, hooks=hooks
    ) as built:
        yield built


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, made once and copied."""
    path = tmp_path_factory.mktemp("empty") / "webhooks.db"
    sa_engine = make_engine(f"sqlite:///{path}")
    Base.metadata.create_all(sa_engine)
    sa_engine.dispose()
    return path


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every console of the run compiles the same templates: they are kept where all its processes find them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "templates"
    folder.mkdir(exist_ok=True)
    before = Flask.jinja_options
    Flask.jinja_options = {**before, "bytecode_cache": FileSystemBytecodeCache(str(folder))}
    yield
    Flask.jinja_options = before


@pytest.fixture(scope="session")
def built_console(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The console, built once; tests/shared_console.py lends it to a test."""
    bound_before = real_hooks._port
    built = make_console(settings_for(tmp_path_factory.mktemp("console")), caller_session=lambda: None)
    real_hooks._port = bound_before
    return built


@pytest.fixture(scope="session")
def postgresql_address() -> Iterator[sa.URL]:
    """A PostgreSQL server, started when the first test asks for one."""
    try:
        with postgresql_server() as url:
            yield url
    except NoServer as error:
        pytest.skip(f"no PostgreSQL server: {error}")


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh, empty database; the tests that use it run on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/webhooks.db"
        return
    server = request.getfixturevalue("postgresql_address")
    with database_in(server, f"webhooks_test_{next(_numbers)}") as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def tables(database_url: str) -> str:
    """The same database, with all tables."""
    sa_engine = make_engine(database_url)
    Base.metadata.create_all(sa_engine)
    sa_engine.dispose()
    return database_url


@pytest.fixture
def any_engine(
    tables: str,
    tmp_path: Path,
    clock: FixedClock,
    queue: FakeQueue,
    transport: FakeTransport,
    hooks: HookRegistry,
) -> Iterator[Engine]:
    """As `engine`, once on SQLite and once on PostgreSQL; the tables are empty."""
    with build_engine(
        tables, folder=tmp_path, clock=clock, queue=queue, transport=transport, hooks=hooks
    ) as built:
        with built.sessions.begin() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(sa.delete(table))
        yield built


@pytest.fixture
def words(engine: Engine) -> Iterator[HookRegistry]:
    """The registry that applications use, empty and bound to `engine`."""
    with bound_words(engine) as registry:
        yield registry


@pytest.fixture
def caller(engine: Engine) -> Iterator[Session]:
    """An application's own session on `engine`'s database."""
    with session_on(engine) as session:
        yield session


@pytest.fixture
def bodies(engine: Engine) -> Callable[[], list[tuple[str, Any]]]:
    """Reads what was stored: each event's sender and payload."""

    def read() -> list[tuple[str, Any]]:
        with engine.sessions() as session:
            rows = session.scalars(sa.select(Event).order_by(Event.id)).all()
        return [(row.sender, json.loads(row.body)) for row in rows]

    return read


@pytest.fixture
def make_listener(engine: Engine) -> Callable[..., Any]:
    return partial(factories.make_listener, engine)


@pytest.fixture
def make_event(engine: Engine) -> Callable[..., Any]:
    return partial(factories.make_event, engine)


@pytest.fixture
def make_delivery(engine: Engine) -> Callable[..., Any]:
    return partial(factories.make_delivery, engine)


@pytest.fixture
def make_user(engine: Engine) -> Callable[..., Any]:
    return partial(factories.make_user, engine)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: processes.turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> processes.Shares:
    return processes.Shares(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # One of several processes only tells; their controller decides.
    if not hasattr(session.config, "workeroutput") and network_guard.dialled():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which tests were left out, and why, and whether one dialled out."""
    for complaint in network_guard.dialled():
        terminalreporter.write_line(f"FAILED: while the tests ran, {complaint}.", red=True)
    left_out = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", ()))
    if not left_out:
        terminalreporter.write_line("No test was left out.")
    for reason, count in left_out.items():
        terminalreporter.write_line(f"Left out: {count} {'test' if count == 1 else 'tests'}: {reason}")


def _reason(report: Any) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(words).removeprefix("Skipped: ")
