"""Does everything hold under a mix of faults by chance? `make test-faults SOAK=minutes`; the seed is printed.

`SEED=number` repeats a run's deeds.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.faults import SOAK
from tests.faults.nemesis import random_mix

SECONDS = float(os.environ.get("SOAK") or 0) * 60


@pytest.mark.fault(SOAK)
def test_a_random_mix_of_faults_loses_nothing(trial, record_property):
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**9))
    record_property("seed", seed)
    trial.listen()
    trial.listen("/takes/100")
    trial.listen("/sometimes/5/half")
    trial.listen("/sometimes/5/reset")
    trial.listen("/sometimes/5/status/500")
    with trial.generator.load(per_second=10):
        done = random_mix(trial, seed=seed, seconds=SECONDS)
    trial.installation.revive()
    print(f"seed {seed}: {', '.join(done)}")

    trial.holds(duplicates=len(trial.generator.committed) * 5, seconds=120)
