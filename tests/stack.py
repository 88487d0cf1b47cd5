"""How do tests get the real thing? Redis, web server, workers and clock as processes of their own, on loopback.

Each stack has a folder, a database and a Redis to itself; processes are ended by pid.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.patience import PATIENCE, wait_until
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.redis_server import own_redis
from webhooks_app.storage import migrations
from webhooks_app.storage.database import make_engine

ROOT = Path(__file__).resolve().parent.parent

PROGRAMS = {
    "web": ("-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"),
    "worker": ("-m", "flask", "--app", "wsgi", "webhooks", "worker"),
    "slow": ("-m", "flask", "--app", "wsgi", "webhooks", "worker", "--queue", "slow"),
    "clock": ("-m", "flask", "--app", "wsgi", "webhooks", "clock"),
}


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stack:
    """A running installation."""

    def __init__(self, folder: Path, *, database_url: str = "", **environ: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.redis = own_redis(prepare(folder))
        self.database_url = database_url or f"sqlite:///{folder}/webhooks.db"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        given = {
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": "another-key-for-tests-of-thirty-two-bytes-or-more",
            "WEBHOOKS_ENCRYPTION_KEYS": "a-key-for-tests-of-thirty-two-bytes-or-more",
            "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8 ::1/128",
            "WEBHOOKS_ALLOWED_HOSTS": "localhost",
            "LOG_LEVEL": "WARNING",
        }
        self.environ = {**os.environ, **given, **environ}

    def migrate(self) -> None:
        """Make the tables."""
        engine = make_engine(self.database_url)
        migrations.upgrade(engine)
        engine.dispose()

    def start_redis(self) -> None:
        """Start Redis and wait until it answers."""
        self.redis.clear()
        self._start("redis", self.redis.program.command)
        with Redis.from_url(self.redis.url) as client:
            wait_until(lambda: _pings(client), what="Redis")

    def start(self, name: str, *, through: tuple[str, ...] = (), **environ: str) -> subprocess.Popen[bytes]:
        """Start one of PROGRAMS ("worker 2" is another worker), with more in its environment if given.

        `through` is a command that runs the command behind it.
        """
        program = PROGRAMS[name.partition(" ")[0]]
        return self._start(name, (*through, sys.executable, *program), **environ)

    def wait_for_web(self) -> None:
        """Wait until /healthz answers."""
        wait_until(self._answers, what="the web server")

    def command(self, *words: str) -> str:
        """What `flask --app wsgi webhooks …` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "webhooks", *words],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def end(self, name: str, *, how: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """End one process, wait for it, and give its exit status."""
        process = self.processes.pop(name)
        process.send_signal(how)
        return process.wait(seconds)

    def stop(self) -> None:
        """End everything, Redis last."""
        for name in sorted(self.processes, key=lambda name: name == "redis"):
            if self.processes[name].poll() is None:
                self.processes[name].send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self.folder / f"{name}.log").read_text("utf-8")

    def _start(self, name: str, command: tuple[str, ...], **environ: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**self.environ, **environ}, stdout=log, stderr=subprocess.STDOUT
            )
        self.processes[name] = process
        return process

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Stack]:
    """A whole installation: database, Redis, web, workers, clock."""
    stack = Stack(folder, **settings)
    try:
        stack.migrate()
        stack.start_redis()
        for name in PROGRAMS:
            stack.start(name)
        stack.wait_for_web()
        yield stack
    finally:
        stack.stop()


def _pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (OSError, RedisError):  # not there yet, or still reading its file
        return False
