"""What does every command in this checkout find without any configuration?

`instance/dev.env`: generated keys, loopback allowed for deliveries, the Redis that `webhooks up` started. It
is the lowest-priority source of settings and production ignores it. `create_app` calls `ensure_dev_env` in
development, so that `flask` or `gunicorn` before the first `up` already use the keys that `up` will use.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from webhooks_app.errors import CannotStart
from webhooks_app.settings import DEV_ENV

_KEY_BYTES = 32
_HEAD = (
    "# Made for development: the lowest-priority settings of this checkout; production ignores them.\n"
    "# Whoever reads the keys can sign in and decrypt. To lose them is to lose the listeners' secrets.\n"
)


def _make_key() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)


_MADE: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": _make_key,
    "WEBHOOKS_ENCRYPTION_KEYS": _make_key,
    "WEBHOOKS_ALLOWED_NETWORKS": lambda: "127.0.0.0/8,::1/128",
    "WEBHOOKS_ALLOWED_HOSTS": lambda: "localhost",
}


def ensure_dev_env(instance: Path) -> Path:
    """Write what is missing from `instance`/dev.env, keep what is there, and say where it is."""
    return write_dev_env(instance, {})


def write_dev_env(instance: Path, changed: Mapping[str, str | None]) -> Path:
    """As `ensure_dev_env`, and set the names in `changed`, or take out those with None.

    Raises CannotStart if the folder cannot be written.
    """
    path = instance / DEV_ENV
    try:
        instance.mkdir(parents=True, exist_ok=True)
        with _alone(instance):
            _update(path, changed)
    except OSError as exc:
        raise CannotStart(f"{path} cannot be written: {exc.strerror}.") from exc
    return path


def _update(path: Path, changed: Mapping[str, str | None]) -> None:
    old = path.read_text("utf-8") if path.exists() else _HEAD
    there = {_name(line) for line in old.splitlines()}
    lines = [line for line in old.splitlines() if _name(line) not in changed]
    lines += [f"{name}={make()}" for name, make in _MADE.items() if name not in there | changed.keys()]
    lines += [f"{name}={text}" for name, text in changed.items() if text is not None]
    new = "\n".join(lines) + "\n"
    if new != old or path.stat().st_mode & 0o077:
        _replace(path, new)


def _name(line: str) -> str:
    return line.partition("=")[0].removeprefix("export ").strip()


def _replace(path: Path, text: str) -> None:
    # Written beside and renamed: a reader sees the old file or the new one, and never half a key.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:  # whatever ends it, also Ctrl-C: no half-written file stays
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # Two web processes that start together must not make two different keys.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
