"""Does Ctrl-C on `webhooks up` end everything within ten seconds, also while receivers hang?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.build import ENCRYPTION_KEY, build_engine
from tests.factories import make_listener
from tests.faults import slowness
from tests.faults.installation import STARTED_SECONDS, _oracle
from tests.patience import wait_until
from tests.stack import ROOT, free_port
from webhooks_app import Hook
from webhooks_app.engine.publish import publish
from webhooks_app.registry import Occurrence
from webhooks_app.storage.database import make_engine

TEN_SECONDS = 10.0


@pytest.mark.fault(9)
@pytest.mark.xdist_group("sqlite")
def test_ctrl_c_ends_everything_although_receivers_hang(tmp_path):
    with _oracle(tmp_path / "arrivals") as oracle_port:
        up = start_up(tmp_path)
        try:
            said = wait_for_words(up, tmp_path / "said", "Ctrl-C stops everything")
            assert "Traceback" not in said
            publish_to(tmp_path, url=f"http://127.0.0.1:{oracle_port}/hang")
            wait_until((tmp_path / "arrivals").read_bytes, seconds=120, what="a request that hangs")

            began = time.monotonic()
            up.send_signal(signal.SIGINT)
            up.wait(60)
            assert time.monotonic() - began < TEN_SECONDS * slowness()
        finally:
            if up.poll() is None:
                up.send_signal(signal.SIGTERM)
            up.wait(60)
    # At most what was being sent is left to its lease; nothing is gone.
    engine = make_engine(f"sqlite:///{tmp_path}/shop.db")
    with engine.connect() as connection:
        found = connection.scalars(sa.text("SELECT status FROM webhooks_deliveries")).all()
    engine.dispose()
    assert len(found) == 15
    assert set(found) <= {"pending", "retrying", "sending"}
    assert found.count("sending") <= 2 * 3 * 8


def start_up(tmp_path) -> subprocess.Popen[bytes]:
    given = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    given |= {"PORT": str(free_port()), "WEBHOOKS_ENCRYPTION_KEYS": ENCRYPTION_KEY}
    command = [sys.executable, "-m", "flask", "--app", "shop", "webhooks", "up"]
    with (tmp_path / "said").open("wb") as said:
        return subprocess.Popen(command, cwd=tmp_path, env=given, stdout=said, stderr=subprocess.STDOUT)


def publish_to(tmp_path, *, url: str) -> None:
    """Five events for three listeners, whom the sweep finds."""
    with build_engine(
        f"sqlite:///{tmp_path}/shop.db", folder=tmp_path, clock=lambda: datetime.now(UTC)
    ) as engine:
        for _ in range(3):
            make_listener(engine, hook="shop.order", url=url)
        for _ in range(5):
            publish(engine, Occurrence(Hook(name="shop.order"), {"customer": "Joe"}, "tests"))


def wait_for_words(process: subprocess.Popen[bytes], log: Path, words: str) -> str:
    """What it has said when it has said these words."""

    def has_said() -> bool:
        assert process.poll() is None, log.read_text("utf-8")
        return words in log.read_text("utf-8")

    wait_until(has_said, seconds=STARTED_SECONDS, what=repr(words))
    return log.read_text("utf-8")
