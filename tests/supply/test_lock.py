"""Does the lock hold all that production installs, exactly and with its hashes?"""

from __future__ import annotations

import re

import pytest

from supply.lock import DEVELOPMENT_ONLY, LOCK, ROOT, entries, needed, wanted

LOCKED = entries(LOCK.read_text("utf-8"))


def test_every_package_is_locked_to_one_version_and_its_files():
    assert len(LOCKED) > 40
    assert [one.name for one in LOCKED if not one.version or not one.hashes] == []


def test_the_lock_has_the_versions_that_the_requirements_ask_for():
    versions: dict[str, set[str]] = {}
    for one in LOCKED:
        versions.setdefault(one.name, set()).add(one.version)

    assert [str(one) for one in wanted() if len(one.specifier) != 1] == []
    assert [
        str(one)
        for one in wanted()
        if not all(map(one.specifier.contains, versions.get(one.name.lower(), {""})))
    ] == []


def test_whatever_these_packages_want_in_turn_is_locked_too():
    assert needed() - {one.name for one in LOCKED} == set()


def test_the_embedded_redis_is_not_for_production():
    assert DEVELOPMENT_ONLY not in {one.name for one in LOCKED}


@pytest.mark.parametrize(
    ("line", "version", "hashes"),
    [
        ("flask==3.1.3 \\\n    --hash=sha256:" + "a" * 64, "3.1.3", 1),
        ("flask==3.1.3", "3.1.3", 0),  # a file without its hash could be anybody's
        ("flask>=3.1 \\\n    --hash=sha256:" + "a" * 64, "", 1),
        ("flask==3.1.3 ; python_version < '4' \\\n    --hash=sha256:" + "a" * 64, "3.1.3", 1),
    ],
)
def test_an_entry_is_read_with_its_pin_and_its_hashes(line, version, hashes):
    [entry] = entries(f"# made by a program\n{line}\n")

    assert (entry.name, entry.version, len(entry.hashes)) == ("flask", version, hashes)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_exactly(name):
    lines = (ROOT / name).read_text("utf-8").splitlines()
    asked = [line.partition("#")[0].strip() for line in lines]

    assert [
        one
        for one in asked
        if one and not re.fullmatch(r"-r requirements\.txt|[\w.\-]+(\[\w+\])?==[\w.]+", one)
    ] == []


def test_urllib3_is_one_that_does_not_unpack_without_bound():
    [urllib3] = [one for one in LOCKED if one.name == "urllib3"]

    assert tuple(map(int, urllib3.version.split(".")[:2])) >= (2, 7)
