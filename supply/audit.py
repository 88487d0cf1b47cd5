"""Is anything in the lock known to be vulnerable? Asks the advisory service, through pip-audit.

pip-audit passes over what the service does not know, and then says that nothing was found, with status 0. Here
what was not answered counts as not checked. The status: 0 everything was checked and is clean; 1 something is
vulnerable; 75 (try again later, as mail programs say it) the service did not answer for everything. A person
who types `make audit` shall not take that for clean, so it is no success; the CI lets 75 pass, because the
network of that machine is no fault of the change.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from supply.lock import LOCK, ROOT

CLEAN, VULNERABLE, UNANSWERED = 0, 1, 75
PATIENCE_SECONDS = 300
COMPLAINT_CHARACTERS = 200
_PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"),
    *("--progress-spinner", "off", "--requirement", LOCK.name),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to say, and the status to end with."""

    status: int
    lines: tuple[str, ...]


def verdict(answer: str, *, complaint: str = "") -> Verdict:
    """Judge what pip-audit wrote: nothing at all where it broke off, with its complaint beside."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    vulnerable = tuple(_line(one, found) for one in packages for found in one.get("vulns", ()))
    unanswered = [one["name"] for one in packages if "skip_reason" in one]
    said = _unanswered(unanswered, asked=len(packages), complaint=complaint)
    if vulnerable:
        return Verdict(VULNERABLE, vulnerable + said)
    if said:
        return Verdict(UNANSWERED, said)
    return Verdict(CLEAN, (f"{len(packages)} packages checked, no vulnerability known.",))


def _line(package: dict[str, str], found: dict[str, list[str]]) -> str:
    fixed = ", ".join(found.get("fix_versions") or ()) or "no version yet"
    return f"{package['name']} {package['version']}: {found['id']}; fixed in {fixed}."


def _unanswered(names: list[str], *, asked: int, complaint: str) -> tuple[str, ...]:
    if not asked:
        last = complaint.strip().rpartition("\n")[2][:COMPLAINT_CHARACTERS] or "no answer in time"
        return (f"NOT CHECKED: the advisory service cannot be reached ({last}).",)
    if len(names) == asked:
        return ("NOT CHECKED: the advisory service knows none of these packages.",)
    if names:
        return (f"NOT CHECKED: the advisory service did not answer for {', '.join(names)}.",)
    return ()


def asked() -> tuple[str, str]:
    """What pip-audit answers, and what it complains of; both are empty where it does not come to an end."""
    try:
        done = subprocess.run(  # nosec B603 # our own words
            _PIP_AUDIT, cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "", ""
    return done.stdout, done.stderr


def main() -> int:
    answer, complaint = asked()
    found = verdict(answer, complaint=complaint)
    sys.stdout.write("".join(f"{line}\n" for line in found.lines))
    return found.status


if __name__ == "__main__":
    raise SystemExit(main())
