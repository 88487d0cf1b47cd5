"""On what do both sides run? The same Redis, the same receiver, and a fresh database for each measurement."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError

from tests.bench.receiver import hosts
from tests.databases import NoServer, database_in, postgresql_server
from webhooks_app.runtime.redis_server import config_text, find_server

ROOT = Path(__file__).resolve().parents[2]
LISTENERS = 50
FAN_OUT = 10  # so many of them want each event
GROUPS = LISTENERS // FAN_OUT
BODY_BYTES = 1024

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """What a process has to know to take part."""

    database_url: str
    redis_url: str
    receiver_port: int
    folder: str

    def url(self, listener: int) -> str:
        """Where the listener with this number (from 0) receives; each on a host of its own where there are so many."""
        addresses = hosts(LISTENERS)
        return f"http://{addresses[listener % len(addresses)]}:{self.receiver_port}/hook"

    def as_text(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Place:
        """From a command line."""
        return cls(**json.loads(text))


def payload(number: int) -> dict[str, Any]:
    """The event's payload: BODY_BYTES as compact JSON, wanted by the listeners of one group."""
    head = {"group": number % GROUPS, "number": number, "text": ""}
    missing = BODY_BYTES - len(json.dumps(head, separators=(",", ":")))
    return head | {"text": "x" * missing}


class Ground:
    """The servers of one run of the bench."""

    def __init__(
        self, folder: Path, *, redis_url: str, receiver_port: int, postgresql: sa.URL | None
    ) -> None:
        self._folder = folder
        self._redis_url = redis_url
        self._receiver_port = receiver_port
        self._postgresql = postgresql
        self.redis = Redis.from_url(redis_url)

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that were found."""
        return ("SQLite", "PostgreSQL") if self._postgresql else ("SQLite",)

    @contextmanager
    def place(self, database: str) -> Iterator[Place]:
        """A fresh database and an empty Redis."""
        self.redis.flushall()
        name = f"bench_{next(_numbers)}"
        with ExitStack() as stack:
            if database == "PostgreSQL":
                assert self._postgresql is not None
                made = stack.enter_context(database_in(self._postgresql, name))
                url = made.render_as_string(hide_password=False)
            else:
                path = self._folder / f"{name}.db"
                stack.callback(_remove, path)
                url = f"sqlite:///{path}"
            yield Place(url, self._redis_url, self._receiver_port, str(self._folder))

    def redis_cpu_seconds(self) -> float:
        """What Redis has used since it started."""
        used: dict[str, float] = self.redis.info("cpu")
        return used["used_cpu_user"] + used["used_cpu_sys"]


@contextmanager
def ground(folder: Path, *, with_postgresql: bool = True) -> Iterator[Ground]:
    """Start what both sides need in this folder, whose path is short, and stop it at the end."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(_redis(folder))
        port = stack.enter_context(_receiver())
        server = _postgresql(stack) if with_postgresql else None
        yield Ground(folder, redis_url=redis_url, receiver_port=port, postgresql=server)


def _postgresql(stack: ExitStack) -> sa.URL | None:
    try:
        return stack.enter_context(postgresql_server(durable=True))
    except NoServer as reason:
        print(f"Without PostgreSQL: {reason}", file=sys.stderr)
        return None


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    socket, config = folder / "redis.sock", folder / "redis.conf"
    config.write_text(config_text(socket=socket, kept=folder), "utf-8")
    with _process([find_server().command, str(config), "--loglevel", "warning"]):
        client = Redis.from_url(f"unix://{socket}")
        for _ in range(100):
            try:
                client.ping()
                break
            except (RedisError, OSError):
                time.sleep(0.05)
        client.close()
        yield f"unix://{socket}"


@contextmanager
def _receiver() -> Iterator[int]:
    with _process([sys.executable, "-m", "tests.bench.receiver", str(LISTENERS)]) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def _remove(path: Path) -> None:
    for each in path.parent.glob(path.name + "*"):
        each.unlink()
