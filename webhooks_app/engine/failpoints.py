"""Where can a test make the process fail? At named points of the path, inert unless WEBHOOKS_TESTING=1.

`WEBHOOKS_FAILPOINTS="name=kill@2,other=sleep:300"`: `kill` ends the process like kill -9, `raise` raises,
`sleep:ms` waits, `stop` stops it (SIGSTOP); `@n` acts at the n-th time the point is reached only.

Processes that run already are made to fail through a folder, `WEBHOOKS_FAILPOINTS_FOLDER`: a file named like a
point, with the action in it, acts once. Whoever reaches the point first renames it to `name.pid`, and acts.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

_reached: Counter[str] = Counter()


class Failpoint(Exception):
    """A failpoint was told to raise."""


def _given(setting: str) -> str:
    return os.environ.get(setting, "") if os.environ.get("WEBHOOKS_TESTING") == "1" else ""


def _read() -> dict[str, tuple[str, int]]:
    points = {}
    for entry in filter(None, _given("WEBHOOKS_FAILPOINTS").split(",")):
        name, _, action = entry.partition("=")
        verb, _, nth = action.partition("@")
        points[name] = (verb, int(nth or 0))
    return points


_POINTS = _read()
_FOLDER = _given("WEBHOOKS_FAILPOINTS_FOLDER")


def reach(name: str) -> None:
    """Say that the path has come to this point."""
    if _FOLDER:
        _act(_taken(Path(_FOLDER, name)), name)
    if not _POINTS or name not in _POINTS:
        return
    verb, nth = _POINTS[name]
    _reached[name] += 1
    if nth and _reached[name] != nth:
        return
    _act(verb, name)


def _taken(armed: Path) -> str:
    """The action that waits at this point, taken away so that it is this process's alone; "" if none does."""
    try:
        return armed.rename(f"{armed}.{os.getpid()}").read_text("utf-8")
    except FileNotFoundError:
        return ""


def _act(verb: str, name: str) -> None:
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif verb == "raise":
        raise Failpoint(name)
    elif verb.startswith("sleep:"):
        time.sleep(int(verb.partition(":")[2]) / 1000)
