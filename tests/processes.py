"""Which tests run in one process, and which begin first?

A file's tests stay together, for they share what is started once a module; the browser's all share one
installation and one Chromium. Those that mostly wait for processes of their own come first, so that the others
use the machine meanwhile, and none of them is left over at the end.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/e2e"
LONGEST_FIRST = (BROWSER, "tests/test_flow.py", "tests/runtime/test_up.py", "tests/engine/test_steps.py")


class Shares(LoadFileScheduling):
    """What each process is given, a share at a time."""

    def _split_scope(self, nodeid: str) -> str:
        """The name of the share that a test belongs to."""
        file: str = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file


def turn(nodeid: str) -> int:
    """A test's place among those that are to begin first; the others follow as they were found."""
    found = (place for place, start in enumerate(LONGEST_FIRST) if nodeid.startswith(start))
    return next(found, len(LONGEST_FIRST))
