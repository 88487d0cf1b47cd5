"""How long does a test wait for what must come about? Until it does: the time only ends a test that has failed.

On a loaded machine a thread may stand still for seconds. So a test waits for a condition, and where it must say
that something did not take long, it says so against something that would take PATIENCE.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds until a test says that something never came
SOON = 10.0  # seconds: long for any machine, and far from PATIENCE


def wait_until(holds: Callable[[], object], *, seconds: float = PATIENCE, what: str = "it") -> None:
    """Look again every few milliseconds until it holds; an AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"Waited {seconds} s in vain for {what}."
        time.sleep(0.01)
