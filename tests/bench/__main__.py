"""How is the bench run? `python -m tests.bench` (`make bench`), under 10 minutes; QUICK=1 under 90 seconds.

LONG=1 measures latencies for two minutes each, DEEP=1 stores 5 million deliveries for the case `growth` (which takes
some minutes and 7 GB of disk). ONLY=latency,memory runs these cases alone. Prints every case as a table, a bar on
standard error, and writes `instance/bench.json`. Ends with status 1 if a target does not hold.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench import machine, report
from tests.bench.cases import FULL, LONG, QUICK, Case, Plan, all_cases, deep
from tests.bench.figures import Figure
from tests.bench.ground import ROOT, ground
from tests.bench.progress import bar
from tests.bench.race import NotDelivered


def main() -> int:
    """Run every case; the exit status."""
    plan, cases = chosen_plan(), chosen_cases()
    figures: list[Figure] = []
    failed = False
    # A short path, because a socket's may have 100 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="webhooks-bench-", dir="/tmp") as folder,
        ground(Path(folder)) as found,
    ):
        print("\n".join(machine.described(found.redis)), flush=True)
        print(f"{plan}", flush=True)
        bar.begin(list(cases))
        for name, case in cases.items():
            try:
                findings = case(found, plan)
            except NotDelivered as reason:
                print(f"\n{name}: {reason}", flush=True)
                failed = True
            else:
                print("\n" + report.text(findings), flush=True)
                figures += findings.figures
            bar.end_case()
    report.keep(figures, ROOT / "instance/bench.json")
    return 1 if failed or any(figure.holds is False for figure in figures) else 0


def chosen_plan() -> Plan:
    """As the environment asks for it."""
    plan = LONG if os.environ.get("LONG") == "1" else FULL
    if os.environ.get("QUICK") == "1":
        plan = QUICK
    return deep(plan) if os.environ.get("DEEP") == "1" else plan


def chosen_cases() -> dict[str, Case]:
    """The cases by their names, all of them unless ONLY names some."""
    named = {case.__module__.rpartition(".")[2]: case for case in all_cases()}
    only = os.environ.get("ONLY", "").replace(",", " ").split()
    return {name: named[name] for name in only or named}


if __name__ == "__main__":
    sys.exit(main())
