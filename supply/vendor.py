"""Which third-party files does the web interface carry, and are they what they claim to be?

`vendor.json` says what is wanted. Without an argument this script fetches it with
`npm pack`, takes the listed files out of each package, builds the icon sprite, copies
the licences and writes `vendor.lock.json`. With `--check` it only compares the files in
`static/vendor` with the lock, needs no network, and exits 1 naming what differs. It stands
here, and not beside them, because everything there is served.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
SOURCE_MAP = re.compile(rb"\s*(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$")
DRAWING = re.compile(r"<svg[^>]*>(?P<shapes>.*)</svg>", re.DOTALL)
# Every icon opens with an invisible square that only drawing programs need.
SQUARE = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
)


def main(arguments: list[str]) -> int:
    wanted = json.loads((VENDOR / "vendor.json").read_text())["packages"]
    if arguments == ["--check"]:
        problems = check(wanted)
        sys.stdout.write("\n".join(problems or ["The vendored files are those of vendor.lock.json."]) + "\n")
        return 1 if problems else 0
    if arguments:
        sys.stderr.write("usage: python -m supply.vendor [--check]\n")
        return 2
    fetch(wanted)
    return 0


def fetch(wanted: list[dict[str, Any]]) -> None:
    """Fetch every package and write its files, its licence and the lock."""
    lock: dict[str, Any] = {"packages": {}, "files": {}}
    for package in wanted:
        with tempfile.TemporaryDirectory() as folder:
            tarball, integrity = packed(package, Path(folder))
            produced = taken(package, tarball)
        lock["packages"][package["name"]] = {"version": package["version"], "integrity": integrity}
        for name, content in produced.items():
            (VENDOR / name).parent.mkdir(exist_ok=True)
            (VENDOR / name).write_bytes(content)
            lock["files"][name] = entry(package, content)
    (VENDOR / "vendor.lock.json").write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n")


def packed(package: dict[str, Any], folder: Path) -> tuple[Path, str]:
    """Download one package's tarball; the integrity is the registry's own sha512, checked by npm."""
    wanted = f"{package['name']}@{package['version']}"
    answer = subprocess.run(  # nosec B603 B607 # the npm of whoever fetches, without a shell
        ["npm", "pack", "--json", wanted], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    told = json.loads(answer)
    # npm 11 answers with a list, later versions with an object keyed by name.
    about = told[0] if isinstance(told, list) else next(iter(told.values()))
    return next(folder.glob("*.tgz")), about["integrity"]


def taken(package: dict[str, Any], tarball: Path) -> dict[str, bytes]:
    """Take the wanted files out of the tarball, by the name they get here."""
    with tarfile.open(tarball) as archive:
        produced = {
            kept_as: SOURCE_MAP.sub(b"\n", member(archive, path))
            for path, kept_as in package["files"].items()
        }
        if "sprite" in package:
            produced[package["sprite"]] = sprite(archive, package["icons"])
        produced[f"LICENSES/{package['name'].strip('@').replace('/', '-')}.txt"] = member(archive, "LICENSE")
    return produced


def member(archive: tarfile.TarFile, path: str) -> bytes:
    found = archive.extractfile(f"package/{path}")
    if found is None:
        raise SystemExit(f"{path} is not a file of the package.")
    return found.read()


def sprite(archive: tarfile.TarFile, names: list[str]) -> bytes:
    """One SVG of symbols: a page fetches all its icons in one cached request."""
    symbols = []
    for name in sorted(names):
        drawing = DRAWING.search(member(archive, f"icons/outline/{name}.svg").decode())
        if drawing is None:
            raise SystemExit(f"The icon {name} is not an SVG drawing.")
        shapes = re.sub(r"\s*\n\s*", "", drawing["shapes"].replace(SQUARE, ""))
        symbols.append(SYMBOL.format(name=name, shapes=shapes))
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'.encode()


def entry(package: dict[str, Any], content: bytes) -> dict[str, Any]:
    return {
        "package": package["name"],
        "version": package["version"],
        "licence": package["licence"],
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def check(wanted: list[dict[str, Any]], folder: Path = VENDOR) -> list[str]:
    """Say what differs from the lock: changed, missing, unlisted files and other versions."""
    lock = json.loads((folder / "vendor.lock.json").read_text())
    problems = [
        f"{package['name']}: vendor.json wants {package['version']}, the lock has another."
        for package in wanted
        if lock["packages"].get(package["name"], {}).get("version") != package["version"]
    ]
    own = {"vendor.json", "vendor.lock.json"}
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - own
    problems += [f"{name}: not in the lock." for name in sorted(present - lock["files"].keys())]
    for name, about in sorted(lock["files"].items()):
        if name not in present:
            problems.append(f"{name}: missing.")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != about["sha256"]:
            problems.append(f"{name}: changed since it was fetched.")
    return problems


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
