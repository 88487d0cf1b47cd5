"""What do faults happen to? A whole installation: web, two workers, the slow one, two clocks, Redis, a database.

It stands for all trials on one database; what a trial has killed or stopped it starts again (`revive`). Between
the processes and their servers stand relays. The tests' own engine goes to the database past its relay.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from redis import Redis

from tests.build import build_engine, settings_for
from tests.faults.postgresql import PostgreSQL
from tests.faults.relay import Relay, relay_to
from tests.patience import wait_until
from tests.stack import ROOT, Stack
from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.tokens import create_token
from webhooks_app.registry import HookRegistry
from webhooks_app.runtime.worker import queue_of

STANDING = ("web", "worker", "worker 2", "slow", "clock", "clock 2")
TIMEOUT_SECONDS = 1.5  # of every listener
LEASE_SECONDS = 4.0
SWEEP_SECONDS = 1.0
STARTED_SECONDS = 120.0  # a loaded machine may need so long for what an idle one does in one

MIGRATE = (sys.executable, "-m", "flask", "--app", "wsgi", "webhooks", "migrate")

_ENVIRON = {
    "WEBHOOKS_TESTING": "1",
    "WEBHOOKS_LEASE_MARGIN_MS": str(int((LEASE_SECONDS - TIMEOUT_SECONDS) * 1000)),
    "WEBHOOKS_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
    "WEBHOOKS_HOOKS": "tests.faults.hooks",
    "WEBHOOKS_MIN_FREE_BYTES": "1",
    "GUNICORN_CMD_ARGS": "--timeout 20",  # of 60, for the web process that stands still
}


@dataclass
class Installation:
    """The running thing, and what tests need of it."""

    stack: Stack
    engine: Engine
    oracle_url: str
    log: Path
    armed: Path
    redis: Relay
    token: str
    server: PostgreSQL | None = None  # None: the database is an SQLite file
    database: Relay | None = None
    standing: tuple[str, ...] = STANDING
    _trials: int = field(default=0)

    @property
    def is_sqlite(self) -> bool:
        return self.server is None

    def next_trial(self) -> int:
        """A number that no trial has had."""
        self._trials += 1
        return self._trials

    def revive(self, *, wait_for_web: bool = True) -> None:
        """Let every line pass, and start what does not run."""
        for relay in filter(None, (self.redis, self.database)):
            relay.let_pass()
        if self.stack.processes["redis"].poll() is not None:
            self.stack.start_redis()
        for name in self.standing:
            process = self.stack.processes.get(name)
            if process is None or process.poll() is not None:
                self.stack.start(name)
            else:
                process.send_signal(signal.SIGCONT)
        if wait_for_web and "web" in self.standing:
            self.wait_for_web()

    def supervise(self) -> None:
        """Start again what ended by itself, as whoever supervises an installation does; not what was taken down."""
        for name in self.standing:
            process = self.stack.processes.get(name)
            if process is not None and process.poll() is not None:
                self.stack.start(name)

    def wait_for_web(self) -> None:
        """Until the web server has the database and Redis."""
        try:
            wait_until(self.answers, seconds=STARTED_SECONDS, what="the web server")
        except AssertionError as error:
            raise AssertionError(f"{error} It said: {self.stack.log('web')[-3000:]}") from None

    def kill(self, name: str) -> None:
        """End one of the processes like kill -9, and wait for its end."""
        self.stack.end(name, how=signal.SIGKILL)

    def down(self, *names: str) -> None:
        """End these as an administrator does."""
        for name in names:
            self.stack.end(name, seconds=STARTED_SECONDS)

    def answers(self) -> bool:
        """Whether the web server has the database and says so."""
        return self.call("GET", "/readyz")[0] == http.client.OK

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and answer of a call; (0, None) if none came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=40)
        given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), given | named)
            answer = connection.getresponse()
            text = answer.read()
            is_json = "json" in (answer.getheader("content-type") or "")
            return answer.status, json.loads(text) if is_json else text
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()

    def environ_on(self, database_url: str) -> dict[str, str]:
        """The environment of processes on another database, with queues of their own."""
        redis_url = f"{self.stack.redis.url}?db=9"
        return {**self.stack.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}

    def clean_redis(self) -> Redis:
        """A client of Redis that goes past the relay."""
        return Redis.from_url(self.stack.redis.url)


@contextmanager
def installed(
    folder: Path,
    *,
    server: PostgreSQL | None = None,
    database: Path | None = None,
    standing: tuple[str, ...] = STANDING,
    through: int = 0,
    **environ: str,
) -> Iterator[Installation]:
    """All of it, for as long as the block lasts; on SQLite in `database` if no server is given.

    `through` is the port of a pooler that its processes go through instead of the relay.
    """
    with ExitStack() as stack:
        direct = f"sqlite:///{database or folder / 'webhooks.db'}"
        relayed, line = direct, None
        if server is not None:
            url = server.make_database(f"faults_{os.getpid()}_{folder.name}".replace("-", "_"))
            direct = url.render_as_string(hide_password=False)
            line = stack.enter_context(relay_to(server.socket))
            relayed = sa.URL.create(
                url.drivername, url.username, host="127.0.0.1", port=through or line.port, database=url.database,
                query={"sslmode": "disable"},
            ).render_as_string()  # fmt: skip
        armed = folder / "armed"
        armed.mkdir(parents=True)
        running = Stack(folder, database_url=relayed, **{**_ENVIRON, **environ})
        running.environ["WEBHOOKS_FAILPOINTS_FOLDER"] = str(armed)
        stack.callback(running.stop)
        running.start_redis()
        redis = stack.enter_context(relay_to(str(running.redis.socket)))
        running.environ["REDIS_URL"] = f"redis://127.0.0.1:{redis.port}/0"
        running.migrate()
        settings = settings_for(folder, **{
            name: running.environ[name]
            for name in ("REDIS_URL", "WEBHOOKS_ENCRYPTION_KEYS", "SECRET_KEY")
        } | {"DATABASE_URL": direct})  # fmt: skip
        engine = stack.enter_context(_engine(settings, folder))
        log = folder / "arrivals"
        port = stack.enter_context(_oracle(log))
        token = create_token(engine, "faults", "write", by=Actor("faults")).token
        found = Installation(
            running, engine, f"http://127.0.0.1:{port}", log, armed, redis, token, server, line, standing
        )
        found.revive()
        yield found


@contextmanager
def _engine(settings: Any, folder: Path) -> Iterator[Engine]:
    parts = {"settings": settings, "queue": queue_of(settings.redis_url), "hooks": HookRegistry()}
    with build_engine(
        settings.database_url, folder=folder, clock=lambda: datetime.now(UTC), **parts
    ) as built:
        yield built


@contextmanager
def _oracle(log: Path) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.oracle", str(log)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
