"""Under which licences stands what we install and carry? Writes `docs/licences.md`; `--check` only compares.

The packages are those of the lock, their licences what they say of themselves where they are installed; the
browser files are those of `static/vendor/vendor.json`. A licence that nobody has looked at stops the list.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from supply.lock import DEVELOPMENT_ONLY, LOCK, ROOT, entries

DOCUMENT = ROOT / "docs" / "licences.md"
VENDORED = ROOT / "static" / "vendor" / "vendor.json"

# What the list may hold, each with why it may stand beside ours (BSD-3-Clause).
_NOTICE = "asks that its notice is kept"
ALLOWED = {
    "MIT": _NOTICE,
    "MIT-0": "asks for nothing",
    "0BSD": "asks for nothing",
    "BSD": _NOTICE,
    "BSD-2-Clause": _NOTICE,
    "BSD-3-Clause": _NOTICE,
    "BSD-derived": _NOTICE,
    "Apache-2.0": f"{_NOTICE}, and that changes are marked; we make none",
    "Apache-2.0 OR BSD-2-Clause": "either; we take BSD",
    "Apache-2.0 OR BSD-3-Clause": "either; we take BSD",
    "PSF-2.0": _NOTICE,
    "MPL-2.0": "covers its own files only, which we do not change",
    "LGPL-3.0-only": "used as a library that anybody can exchange for another version; we do not change it",
}
# Packages that say it in words of their own; newer ones give an SPDX expression.
_WORDS = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "BSD-derived (http://www.repoze.org/LICENSE.txt)": "BSD-derived",
}
# Locked for Pythons below 3.11.3 alone, so that it is seldom there to be asked.
_SELDOM_HERE = {"async-timeout": "Apache-2.0"}

_PAGE = """\
# Licences of what comes from others

Made by `make licences` from `requirements.lock` and `static/vendor/vendor.json`; a test says when it is out of date. \
Webhooks App itself is BSD-3-Clause ([LICENSE](../LICENSE)).

| licence | why it may stand beside ours |
|---|---|
{licences}

## Installed for production

None of it is copied into this repository. The wheels of cryptography and psycopg-binary bring OpenSSL (Apache-2.0) \
and libpq (PostgreSQL), those of google-re2 bring RE2 (BSD-3-Clause) and Abseil (Apache-2.0), with their notices.

| package | version | licence |
|---|---|---|
{packages}

## Carried for the pages, in `static/vendor`

Their texts stand in `static/vendor/LICENSES`.

| package | version | licence |
|---|---|---|
{vendored}

## For development only

`{development}` ({its_licence}) brings the Redis-compatible server Valkey (BSD-3-Clause) for `make run`; production \
does not install it. What `requirements-dev.txt` names is installed for tests alone.
"""

Row = tuple[str, str, str]


class UnknownLicence(Exception):
    """A licence that nobody has looked at yet."""


def licence_of(name: str) -> str:
    """The licence of an installed package, as SPDX writes it. Raises UnknownLicence."""
    try:
        said: dict[str, Any] = dict(metadata(name).json)
    except PackageNotFoundError:
        return _SELDOM_HERE[name]
    classified = [one.rpartition(" :: ")[2] for one in said.get("classifier", ()) if "License ::" in one]
    found = said.get("license_expression") or next(iter(classified), None) or said.get("license") or "none"
    return allowed(_WORDS.get(found, found), of=name)


def allowed(licence: str, *, of: str) -> str:
    """The licence itself, if it may stand beside ours. Raises UnknownLicence."""
    if licence not in ALLOWED:
        raise UnknownLicence(f"{of}: nobody has looked at the licence {licence!r} yet (supply/licences.py).")
    return licence


def packages() -> list[Row]:
    """What production installs."""
    return [(one.name, one.version, licence_of(one.name)) for one in entries(LOCK.read_text("utf-8"))]


def vendored() -> list[Row]:
    """What the pages carry."""
    found = json.loads(VENDORED.read_text("utf-8"))["packages"]
    return [(one["name"], one["version"], allowed(one["licence"], of=one["name"])) for one in found]


def document() -> str:
    """The whole page."""
    rows, carried = packages(), vendored()
    used = sorted({licence for *_, licence in rows + carried})
    return _PAGE.format(
        licences="\n".join(f"| {one} | {ALLOWED[one]} |" for one in used),
        packages="\n".join(map(_line, rows)),
        vendored="\n".join(map(_line, carried)),
        development=DEVELOPMENT_ONLY,
        its_licence=licence_of(DEVELOPMENT_ONLY),
    )


def _line(row: Row) -> str:
    return f"| {' | '.join(row)} |"


def main(arguments: list[str]) -> int:
    wanted = document()
    if arguments == ["--check"]:
        is_current = DOCUMENT.read_text("utf-8") == wanted
        sys.stdout.write("" if is_current else "docs/licences.md is out of date: make licences\n")
        return 0 if is_current else 1
    DOCUMENT.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
