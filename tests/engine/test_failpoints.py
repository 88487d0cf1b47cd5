"""Do failpoints act only in tests, where and when they were told?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import webhooks_app
from tests.patience import PATIENCE

REACH = """
from webhooks_app.engine.failpoints import reach
for number in range(3):
    reach("here")
    reach("elsewhere")
    print(number, flush=True)
"""


def run(points: str = "", *, testing: str = "1", folder: str = "") -> subprocess.CompletedProcess[str]:
    environ = {
        "WEBHOOKS_TESTING": testing,
        "WEBHOOKS_FAILPOINTS": points,
        "WEBHOOKS_FAILPOINTS_FOLDER": folder,
    }
    return subprocess.run(
        [sys.executable, "-c", REACH], env=environ, capture_output=True, text=True, timeout=PATIENCE
    )


def test_outside_of_tests_they_are_inert():
    assert run("here=kill", testing="").stdout.split() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("points", "printed", "status"),
    [
        ("other=kill", ["0", "1", "2"], 0),
        ("here=kill@3", ["0", "1"], -signal.SIGKILL),
        ("other=raise,elsewhere=raise@2", ["0"], 1),
    ],
)
def test_where_and_when_they_act(points, printed, status):
    done = run(points)

    assert (done.stdout.split(), done.returncode) == (printed, status)
    assert ("Failpoint: elsewhere" in done.stderr) is (status == 1)


def test_a_pause_is_in_milliseconds():
    began = time.monotonic()
    run("here=sleep:150@2")

    assert time.monotonic() - began > 0.15


def test_one_that_is_armed_acts_once_for_whoever_comes_first(tmp_path):
    armed = tmp_path / "here"
    armed.write_text("kill")
    killed, spared = run(folder=str(tmp_path)), run(folder=str(tmp_path))

    assert (killed.stdout, killed.returncode) == ("", -signal.SIGKILL)
    assert (spared.stdout.split(), spared.returncode) == (["0", "1", "2"], 0)
    assert [path.suffix[1:].isdigit() for path in tmp_path.iterdir()] == [True]  # the name of who took it


def test_an_armed_one_is_inert_outside_of_tests(tmp_path):
    (tmp_path / "here").write_text("kill")

    assert run(testing="", folder=str(tmp_path)).returncode == 0
    assert (tmp_path / "here").exists()


POINTS = {
    "publish.after_insert", "publish.after_commit", "doorbell.before", "dispatch.after_pop",
    "claim.before_commit", "claim.after_commit", "send.before", "send.after_request", "send.after_response",
    "record.before", "record.mid_tx", "record.after_commit", "rescue.mid", "prune.mid",
    "ladder.before_commit", "ladder.after_commit",
}  # fmt: skip


def test_every_point_that_the_faults_name_is_on_the_path():
    sources = "".join(path.read_text("utf-8") for path in Path(webhooks_app.__path__[0]).rglob("*.py"))

    assert [name for name in sorted(POINTS) if f'reach("{name}")' not in sources] == []
