"""What if the encryption keys turn under load, and whoever encrypts anew is killed half-way?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.stack import ROOT
from webhooks_app.engine.signing import new_secret

ROTATE = (sys.executable, "-m", "flask", "--app", "wsgi", "webhooks", "rotate-keys", "--json")
NEW_KEY = "a-newer-key-for-tests-of-thirty-two-bytes-or-more"
SETTING = "WEBHOOKS_ENCRYPTION_KEYS"
MANY = 250  # more than one transaction takes


class Turning:
    """The keys of an installation while they turn."""

    def __init__(self, trial) -> None:
        self._trial = trial
        self._environ = trial.installation.stack.environ
        self.old = self._environ[SETTING]

    def restart(self, *keys: str) -> None:
        """Everything that runs gets these keys."""
        self._environ[SETTING] = ",".join(keys)
        self._trial.installation.down(*self._trial.installation.standing)
        self._trial.installation.revive()

    def rotate(self, *keys: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """What the command does with these keys."""
        given = {**self._environ, SETTING: ",".join(keys), **environ}
        return subprocess.run(ROTATE, cwd=ROOT, env=given, capture_output=True, text=True, timeout=300)


@pytest.fixture
def turning(trial) -> Iterator[Turning]:
    """The keys turn, and are the old ones again for the trials that follow."""
    one = Turning(trial)
    yield one
    one.rotate(one.old, NEW_KEY)
    one.restart(one.old)


@pytest.mark.fault(31)
def test_keys_that_turn_under_load_lose_nothing_and_a_killed_rotation_goes_on(trial, turning):
    for number in range(MANY):
        trial.listen(wants={"text": f"never {number}"}, secret=new_secret())
    trial.listen()
    turning.restart(NEW_KEY, turning.old)

    with trial.generator.load(per_second=10):
        killed = turning.rotate(NEW_KEY, turning.old, WEBHOOKS_FAILPOINTS="rotate.mid=kill@2")
        done = turning.rotate(NEW_KEY, turning.old)
    assert (killed.returncode, done.returncode) == (-9, 0), done.stderr
    told = json.loads(done.stdout)
    assert told["already_new"] > 0  # what the killed one had done
    assert told["reencrypted"] > 0
    assert told["unreadable"] == []

    turning.restart(NEW_KEY)  # the old key is gone
    trial.generator.some(5)
    trial.holds(duplicates=0)
    assert {"held", "failed"}.isdisjoint(trial.statuses())
