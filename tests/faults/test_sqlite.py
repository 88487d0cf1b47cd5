"""What if SQLite's file is locked by a stranger, its disk is full, or the machine loses its power?"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults import WORKERS_UP, most_again
from tests.faults.installation import installed
from tests.faults.trial import Trial
from tests.patience import wait_until
from webhooks_app.storage import ids
from webhooks_app.storage.models import Event

LOOKS = 200
on_sqlite = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


@pytest.mark.fault(20)
@on_sqlite
def test_a_stranger_who_holds_the_lock_delays_writers_and_no_reader(trial):
    trial.listen("/takes/100")
    trial.generator.some(10)
    stranger = sqlite3.connect(_file(trial.installation), isolation_level=None, timeout=30)
    stranger.execute("BEGIN IMMEDIATE")
    began, seconds = time.monotonic(), []
    for _ in range(LOOKS):
        asked = time.monotonic()
        with trial.engine.readings() as session:
            session.scalar(sa.select(Event.id).where(Event.hook == trial.hook))
        seconds.append(time.monotonic() - asked)
    statuses = []
    while time.monotonic() - began < 10:
        statuses.append(trial.generator.by_api())
    stranger.execute("ROLLBACK")
    stranger.close()

    assert statuses[0] == 503
    assert (
        sorted(seconds)[LOOKS // 2] < 0.05
    )  # readers wait for nobody; the median, for the machine is shared
    trial.holds(duplicates=most_again(ends=WORKERS_UP))


@contextmanager
def small_disk(folder: Path, *, size: str):
    """A file system of its own that may be full; skips where nobody may mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a full disk needs a file system of its own: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass  # full, as it should be


@pytest.mark.fault(21)
@pytest.mark.xdist_group("sqlite")
def test_a_full_disk_stops_sending_and_loses_nothing(tmp_path, record_property):
    with (
        small_disk(tmp_path / "disk", size="16m") as disk,
        installed(
            tmp_path / "on-a-small-disk",
            database=disk / "webhooks.db",
            standing=("web", "worker", "slow", "clock"),
            WEBHOOKS_MIN_FREE_BYTES="1MiB",
        ) as installation,
    ):
        trial = Trial(installation, record_property)
        trial.listen("/takes/300")
        trial.generator.some(20)
        trial.wait_for_arrivals()
        fill(disk)

        status, answer = trial.generator.post({"n": 1, "text": "x" * 50_000})
        assert (status, answer["detail"]) == (503, "Storage is nearly full.")
        refused = [trial.generator.by_code(text="x" * 200_000) for _ in range(30)]
        assert None in refused  # nothing half-written: the checker looks at every event that is there
        time.sleep(2)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)

        trial.holds(duplicates=most_again(ends=WORKERS_UP))
        assert trial.generator.by_api() == 202
        trial.holds(duplicates=most_again(ends=WORKERS_UP))


@contextmanager
def standing_still(installation):
    """All processes that write stop at once, as a machine does that loses its power."""
    pids = [
        pid
        for name, process in installation.stack.processes.items()
        if name != "redis"
        for pid in (process.pid, *_children(process.pid))
    ]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: all(_stands_still(pid) for pid in pids), what="everybody to stand still")
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.fault(40)
@on_sqlite
def test_after_a_power_cut_the_file_opens_and_holds_what_was_answered(trial, tmp_path, is_thorough):
    trial.listen()
    trial.listen("/takes/30")
    numbers = itertools.count()
    until = time.monotonic() + (60 if is_thorough else 8)
    trial.generator.some = lambda count: [trial.generator.by_api() for _ in range(count)]
    with trial.generator.load(per_second=30):
        while time.monotonic() < until:
            time.sleep(random.uniform(0.05, 1.0))
            answered = list(trial.generator.committed)
            with standing_still(trial.installation):
                copy = tmp_path / f"copy-{next(numbers)}.db"
                for ending in ("", "-wal"):
                    _copy(f"{_file(trial.installation)}{ending}", f"{copy}{ending}")
            _check_copy(copy, answered)

    assert next(numbers) >= 5
    trial.holds(duplicates=0)


def _copy(file: str, to: str) -> None:
    # By another process: to close the file drops all locks that SQLite holds on it in this one, and whoever ends next
    # takes itself for the last and removes the log under our feet (https://www.sqlite.org/howtocorrupt.html, 2.2).
    subprocess.run(["cp", file, to], check=True)


def _check_copy(copy: Path, answered: list[str]) -> None:
    with sqlite3.connect(copy) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
        there = {ids.shown(ids.EVENT, row[0]) for row in opened.execute("SELECT id FROM webhooks_events")}
    opened.close()
    assert [event_id for event_id in answered if event_id not in there] == []


def _file(installation) -> str:
    return sa.make_url(installation.stack.database_url).database


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ"
