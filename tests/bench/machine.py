"""On what was it measured? The machine and the versions, one line each."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

from redis import Redis

_PACKAGES = ("rq", "redis", "SQLAlchemy", "requests", "urllib3")


def described(redis: Redis) -> list[str]:
    """Machine, versions, and the load that others put on it."""
    server = redis.info("server")
    name = "Valkey" if "valkey_version" in server else "Redis"
    found = server.get("valkey_version") or server["redis_version"]
    packages = ", ".join(f"{each} {version(each)}" for each in _PACKAGES)
    busy = os.getloadavg()[0]
    load = f", load {busy:.1f} at the start"
    warning = ["Others keep this machine busy: trust the CPU figures more than the rates."]
    return [
        f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.machine()}{load}",
        f"Python {platform.python_version()}, {packages}",
        f"{name} server {found}, SQLite {sqlite3.sqlite_version}",
        *(warning if busy > (os.cpu_count() or 1) / 2 else ()),
    ]


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
