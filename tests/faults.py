"""Which faults are tried? `python -m tests.faults` (`make test-faults`) injects those that need real processes.

A worker killed between claim and record, Redis wiped and Redis away, SIGTERM in the middle, two clocks: the
flow tests with real Redis, workers, clocks and receivers, on SQLite and PostgreSQL; then the failpoints and
the rescue inside one process. Full disks, power cuts and clocks that jump are not among them.
"""

from __future__ import annotations

import sys

import pytest

WITH_FAULTS = ("tests/test_flow.py", "tests/engine/test_failpoints.py", "tests/engine/test_sweep.py")


def main() -> int:
    """Run them, each by its name; pytest's exit status."""
    return int(pytest.main(["-v", *WITH_FAULTS, *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
