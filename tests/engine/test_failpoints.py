"""Do failpoints act only in tests, where and when they were told?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.patience import PATIENCE

REACH = """
from webhooks_app.engine.failpoints import reach
for number in range(3):
    reach("here")
    reach("elsewhere")
    print(number, flush=True)
"""


def run(points: str, *, testing: str = "1") -> subprocess.CompletedProcess[str]:
    environ = {"WEBHOOKS_TESTING": testing, "WEBHOOKS_FAILPOINTS": points}
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
