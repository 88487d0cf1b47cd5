"""What does whoever waits see? A bar on standard error: what is done, what is left, and what is measured now.

On a terminal it is one line that is drawn anew; elsewhere (a log of CI) each step is a line of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO

WIDTH = 24


class Bar:
    """How far the cases of a run are."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._names: Sequence[str] = ()
        self._done = 0
        self._began = time.monotonic()

    def begin(self, names: Sequence[str]) -> None:
        """These cases are to be run."""
        self._names, self._done, self._began = names, 0, time.monotonic()

    def end_case(self) -> None:
        """One more is done."""
        self._done += 1
        self._draw("", end="\n")

    def say(self, step: str, *, part: float = 0.0) -> None:
        """What was measured or is measured now, with so much (0 to 1) of the case done."""
        self._draw(step, part=part)

    def _draw(self, step: str, *, part: float = 0.0, end: str = "") -> None:
        file = self._file or sys.stderr
        is_drawn = file.isatty()
        line = f"{self._bar(part)} {step}".rstrip()
        print(f"\r\033[K{line}" if is_drawn else line, end=end if is_drawn else "\n", file=file, flush=True)

    def _bar(self, part: float) -> str:
        if not self._names:
            return "-"
        count = len(self._names)
        filled = round(WIDTH * min(1.0, (self._done + part) / count))
        now = self._names[self._done] if self._done < count else "all done"
        left = ", ".join(self._names[self._done + 1 :])
        then = f"; then {left}" if left else ""
        seconds = time.monotonic() - self._began
        return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {self._done}/{count} {seconds:.0f} s, {now}{then} |"


bar = Bar()


def progress(step: str, *, part: float = 0.0) -> None:
    """Show a step of the case that is running."""
    bar.say(step, part=part)
