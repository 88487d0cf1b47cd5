"""What if the tables are made while others work, or whoever makes them is killed? And what if a process forks?"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from tests.faults.installation import MIGRATE, STARTED_SECONDS
from tests.patience import wait_until
from tests.stack import ROOT
from webhooks_app.storage import migrations
from webhooks_app.storage.database import make_engine


@pytest.mark.fault(33)
def test_a_migration_that_is_killed_has_done_all_or_nothing(installation, empty_database, is_thorough):
    engine = make_engine(empty_database)
    for _ in range(10 if is_thorough else 3):
        process = subprocess.Popen(MIGRATE, cwd=ROOT, env=installation.environ_on(empty_database))
        time.sleep(random.uniform(0.5, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with engine.connect() as connection:
            there = sa.inspect(connection).get_table_names()
            revision = migrations.current(connection) if there else None
        assert revision == (migrations.head() if "webhooks_events" in there else None)
    done = subprocess.run(MIGRATE, cwd=ROOT, env=installation.environ_on(empty_database), capture_output=True)

    assert done.returncode == 0
    assert not migrations.are_behind(engine)
    engine.dispose()


@pytest.mark.fault(33)
def test_a_worker_that_was_there_before_the_tables_works_once_they_are(installation, empty_database):
    stack, given = installation.stack, installation.environ_on(empty_database)
    engine = make_engine(empty_database)
    for name in ("worker 5", "clock 5"):
        stack.start(name, **given)
    try:
        wait_until(lambda: "no such table" in _said(stack) or "does not exist" in _said(stack),
                   seconds=STARTED_SECONDS, what="the complaint")  # fmt: skip
        migrations.upgrade(engine)
        command = (*MIGRATE[:-1], "send", "fault.0", "n:=1")
        assert subprocess.run(command, cwd=ROOT, env=given, capture_output=True).returncode == 0

        def is_dispatched() -> bool:
            with engine.connect() as connection:
                return connection.scalar(sa.text("SELECT count(dispatched_at) FROM webhooks_events")) == 1

        wait_until(is_dispatched, seconds=STARTED_SECONDS, what="the dispatch")
        assert stack.processes["worker 5"].poll() is None
    finally:
        installation.down("worker 5", "clock 5")
        engine.dispose()


def _said(stack) -> str:
    return stack.log("clock 5") + stack.log("worker 5")


FORK = """
import os, sys
from webhooks_app.application import create_app
from webhooks_app import hooks

app = create_app()
with app.app_context():
    hooks["fault.0"].send(sender=None, n=0, text="before the fork")
    children = []
    for number in range(3):
        pid = os.fork()
        if not pid:
            for turn in range(10):
                hooks["fault.0"].send(sender=None, n=turn, text=f"child {number}")
            os._exit(0)
        children.append(pid)
    for turn in range(10):
        hooks["fault.0"].send(sender=None, n=turn, text="parent")
    sys.exit(sum(os.waitpid(pid, 0)[1] for pid in children) != 0)
"""


@pytest.mark.fault(35)
def test_what_was_made_before_a_fork_is_made_anew_after_it(installation):
    given = {**installation.stack.environ, "WEBHOOKS_HOOKS": "tests.faults.hooks"}
    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=ROOT, env=given, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert "SSL" not in done.stderr
    count = sa.text("SELECT count(*) FROM webhooks_events WHERE hook = 'fault.0' AND body LIKE '%text%'")
    with installation.engine.readings() as session:
        assert session.scalar(count) == 1 + 3 * 10 + 10
