"""Which processes outlived an `up` that was killed?

While it runs, `up` notes its processes: number and moment of start. The next `up` holds the lock and so knows
that its predecessor is gone; it ends those that still run. The moment keeps it from ending a stranger that
got an old number.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from webhooks_app.runtime.instance import Instance

_PATIENCE_SECONDS = 5.0


def note(instance: Instance, pids: Iterable[int]) -> None:
    """Write down the processes that run now."""
    found = {str(pid): started for pid in sorted(pids) if (started := moment_of_start(pid))}
    _file(instance).write_text(json.dumps(found), "utf-8")


def forget(instance: Instance) -> None:
    """All of them have ended."""
    _file(instance).unlink(missing_ok=True)


def end_leftovers(instance: Instance) -> int:
    """End what the last `up` left behind, and say how many that were."""
    left = [pid for pid, started in _noted(instance).items() if moment_of_start(pid) == started]
    _signal(left, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waiting = left
    while waiting and time.monotonic() < deadline:
        time.sleep(0.05)
        waiting = [pid for pid in waiting if moment_of_start(pid)]
    _signal(waiting, signal.SIGKILL)
    forget(instance)
    return len(left)


def moment_of_start(pid: int) -> str:
    """When the process started, in the system's own words; "" if there is none, or it is only waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return _asked_of_ps(pid) if not Path("/proc/self/stat").exists() else ""
    # proc(5): the name in brackets may hold blanks; after it come the state (field 3) … the start (field 22).
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _asked_of_ps(pid: int) -> str:
    command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout  # nosec B603 # a number
    except (OSError, subprocess.TimeoutExpired):
        return ""
    state, _, started = said.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _noted(instance: Instance) -> dict[int, str]:
    try:
        return {
            int(pid): str(started) for pid, started in json.loads(_file(instance).read_text("utf-8")).items()
        }
    except (OSError, ValueError, AttributeError):
        return {}  # no file, or one cut short by the same kill: nothing is known, nothing is ended


def _file(instance: Instance) -> Path:
    return instance.run / "processes.json"
