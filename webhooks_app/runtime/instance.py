"""Where is everything that is kept on this machine, and does only one `up` use it?

instance/            database, dev.env
instance/run/        0700: sockets, the supervisor's configuration, the lock
instance/logs/       what each program says
instance/redis-7/    the append-only file of the Redis that `up` starts (or valkey-9/, …)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webhooks_app.errors import CannotStart


@dataclass(frozen=True, slots=True)
class Instance:
    """The folders, made and writable."""

    path: Path

    @property
    def run(self) -> Path:
        """Sockets and files that mean something only while `up` runs."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """One file a program."""
        return self.path / "logs"


def prepare(path: Path) -> Instance:
    """Make the folders; CannotStart in one line if that cannot be."""
    instance = Instance(path.absolute())
    try:
        for folder in (instance.path, instance.run, instance.logs):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(0, "Permission denied", str(folder))
        # Whoever can reach the sockets can queue jobs.
        instance.run.chmod(0o700)
    except OSError as exc:
        raise CannotStart(f"{exc.filename} cannot be written: {exc.strerror}.") from exc
    return instance


@contextmanager
def locked(instance: Instance, *, address: str) -> Iterator[None]:
    """Hold the checkout; CannotStart if another `up` does. However this process ends, its lock ends too."""
    with (instance.run / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid, _, where = file.read().strip().partition(" ")
            raise CannotStart(
                f"webhooks up already runs here: {where or 'still starting'} (process {pid or 'unknown'}). "
                "Ctrl-C in its terminal stops it."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()} {address}\n")
        file.flush()
        yield
        file.truncate(0)
