"""How is the bench run? `python -m tests.bench` (`make bench`), under 5 minutes; QUICK=1 under one.

Prints every case as a table, progress on standard error, and writes `instance/bench.json`. Ends with status
1 if a target does not hold.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench import machine, report
from tests.bench.cases import FULL, QUICK, all_cases
from tests.bench.figures import Figure
from tests.bench.ground import ROOT, ground


def main() -> int:
    """Run every case; the exit status."""
    plan = QUICK if os.environ.get("QUICK") == "1" else FULL
    figures: list[Figure] = []
    # A short path, because a socket's may have 100 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="webhooks-bench-", dir="/tmp") as folder,
        ground(Path(folder)) as found,
    ):
        print("\n".join(machine.described(found.redis)), flush=True)
        for case in all_cases():
            findings = case(found, plan)
            print("\n" + report.text(findings), flush=True)
            figures += findings.figures
    report.keep(figures, ROOT / "instance/bench.json")
    return 1 if any(figure.holds is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
