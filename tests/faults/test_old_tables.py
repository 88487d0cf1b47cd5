"""What if the tables are those of an older version, deliveries wait in them, and the migration is killed half-way?"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa

from tests.faults.installation import MIGRATE, STARTED_SECONDS
from tests.faults.old_tables import OldTables
from tests.patience import wait_until
from tests.stack import ROOT
from webhooks_app.storage import migrations
from webhooks_app.storage.database import make_engine
from webhooks_app.storage.models import Delivery, Listener

FIRST = "18169f59644b"
OLD_EVENTS, MORE_LISTENERS = 12, 200
TRIES = 20  # to meet a migration that is over in a moment


@pytest.fixture
def old(empty_database):
    """A database with the tables of the first revision."""
    engine = make_engine(empty_database)
    migrations.upgrade(engine, FIRST)
    yield engine
    engine.dispose()


@pytest.mark.fault(33)
def test_an_upgrade_that_is_killed_half_way_loses_nothing_that_waited(trial, empty_database, old):
    installation, given = trial.installation, trial.installation.environ_on(empty_database)
    tables = OldTables(old, installation.engine.seal)
    listener_id = fill(tables, trial.hook, f"{installation.oracle_url}/ok?old")

    kill_half_way(installation, old, given)
    assert (revision(old), OldTables(old, installation.engine.seal).columns(Delivery)) == (
        FIRST, tables.columns(Delivery),
    )  # fmt: skip
    assert count(old, Delivery) == OLD_EVENTS // 2

    with upgrading_workers(installation, given):  # of this version, and there before their tables
        assert subprocess.run(MIGRATE, cwd=ROOT, env=given, capture_output=True).returncode == 0
        # A worker of the version before that still runs knows nothing of the new columns.
        late = tables.event(trial.hook, dispatched=True)
        tables.delivery(trial.hook, late, listener_id)
        wait_until(
            lambda: ended(old) == {"delivered": OLD_EVENTS + 1}, seconds=STARTED_SECONDS, what="the end"
        )

    assert revision(old) == migrations.head()
    assert Counter(one["path"] for one in trial.arrivals()) == {"/ok?old": OLD_EVENTS + 1}
    assert all(one["signed_by"] for one in trial.arrivals())
    assert count(old, Listener) == 1 + MORE_LISTENERS


def fill(tables: OldTables, hook: str, url: str) -> str:
    """A listener with events, half of which wait as deliveries; and many others, so that there is something to do."""
    listener_id = tables.listener(hook, url)
    for number in range(OLD_EVENTS):
        event_id = tables.event(hook, dispatched=bool(number % 2))
        if number % 2:
            tables.delivery(hook, event_id, listener_id)
    for number in range(MORE_LISTENERS):
        tables.listener("fault.0", f"http://127.0.0.1:9/{number}")
    return listener_id


def kill_half_way(installation, old, given) -> None:
    """Kill a migration in the middle of its one transaction."""
    for _ in range(TRIES):
        with (
            holding_it_up(installation, old) as is_at_work,
            subprocess.Popen(MIGRATE, cwd=ROOT, env=given) as one,
        ):
            if is_killed_at_work(one, is_at_work):
                return
        migrations.downgrade(old, FIRST)  # it was quicker than we
    raise AssertionError("no migration was met at work")


def is_killed_at_work(process, is_at_work) -> bool:
    wait_until(lambda: is_at_work() or process.poll() is not None, seconds=STARTED_SECONDS, what="its work")
    time.sleep(random.uniform(0, 0.02))
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.1)  # what stands still can be looked at in peace
    was_at_work = process.poll() is None and is_at_work()
    process.kill()
    process.wait()
    return was_at_work


@contextmanager
def holding_it_up(installation, old):
    """Says whether a migration is at work. On PostgreSQL it meets somebody who reads what it will change."""
    if installation.is_sqlite:
        yield lambda: is_written(old.url.database)
        return
    with old.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM webhooks_deliveries"))
        yield lambda: waits_for_deliveries(old)
        reader.rollback()
    wait_until(lambda: not locks(old), seconds=STARTED_SECONDS, what="its end on the server")


def is_written(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False


def waits_for_deliveries(old) -> bool:
    return any(not granted for granted in locks(old))


def locks(old) -> list[bool]:
    """Whether each lock that a migration takes on the deliveries was granted."""
    query = "SELECT granted FROM pg_locks WHERE relation = 'webhooks_deliveries'::regclass AND mode LIKE '%Exclusive%'"
    with old.connect() as connection:
        return list(connection.scalars(sa.text(query)))


@contextmanager
def upgrading_workers(installation, given):
    names = ("worker 6", "slow 6", "clock 6")
    for name in names:
        installation.stack.start(name, **given)
    try:
        wait_until(lambda: complains(installation.stack), seconds=STARTED_SECONDS, what="the complaint")
        yield
    finally:
        installation.down(*names)


def complains(stack) -> bool:
    said = stack.log("clock 6")
    return "no such table" in said or "does not exist" in said


def revision(engine) -> str | None:
    with engine.connect() as connection:
        return migrations.current(connection)


def count(engine, kind) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(kind.__table__))


def ended(engine) -> dict[str, int]:
    query = sa.text("SELECT status, count(*) FROM webhooks_deliveries GROUP BY status")
    with engine.connect() as connection:
        return dict(tuple(row) for row in connection.execute(query))
