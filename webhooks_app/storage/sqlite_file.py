"""Can SQLite keep its promise here? Not in an old version, and not on another machine's file system.

Write-ahead logging shares memory between processes, which a network file system does not; the file would be
damaged without a word. See https://www.sqlite.org/wal.html.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from webhooks_app.errors import CannotStart

OLDEST = (3, 35, 0)  # the first that has RETURNING

MOUNTS = Path("/proc/self/mountinfo")  # Linux has it; elsewhere nothing is refused
_OF_A_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "glusterfs", "sshfs", "s3fs")
)


def refuse_unsafe(
    url: str | sa.URL, *, version: tuple[int, ...] = sqlite3.sqlite_version_info, mounts: Path = MOUNTS
) -> None:
    """Raise CannotStart where the database is an SQLite file that several processes could damage."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    if version < OLDEST:
        raise CannotStart(
            f"SQLite {_dotted(OLDEST)} or newer is needed; this Python has {_dotted(version)}. "
            "Use another Python, or PostgreSQL (DATABASE_URL)."
        )
    if parsed.database and parsed.database != ":memory:":
        _refuse_network(Path(parsed.database), mounts)


def _refuse_network(path: Path, mounts: Path) -> None:
    try:
        text = mounts.read_text("utf-8", "replace")
        folder = path.resolve().parent
        device = next(place for place in (folder, *folder.parents) if place.exists()).stat().st_dev
    except OSError:
        return  # SQLite itself says what is wrong with a folder that cannot be read.
    found = file_system(text, device=device)
    if found.removeprefix("fuse.") in _OF_A_NETWORK:
        raise CannotStart(
            f"The SQLite file {path} lies on a network file system ({found}), which would damage it. "
            "Move it to a local disk, or use PostgreSQL (DATABASE_URL)."
        )


def file_system(mounts: str, *, device: int) -> str:
    """The kind of file system with this device number; `mounts` is the text of /proc/self/mountinfo."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        # The number of optional fields differs; a dash ends them (man 5 proc, "mountinfo").
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [number]:
            return after.split()[0]
    return ""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
