"""Is every licence of what comes from others known, looked at and listed?"""

from __future__ import annotations

import json

import pytest

from supply import licences
from supply.lock import LOCK, entries


def test_the_list_is_up_to_date():
    assert licences.DOCUMENT.read_text("utf-8") == licences.document(), "make licences"


def test_every_locked_package_and_every_vendored_one_is_listed():
    lines = licences.DOCUMENT.read_text("utf-8").splitlines()
    carried = {one["package"] for one in json.loads(
        (licences.VENDORED.parent / "vendor.lock.json").read_text("utf-8"))["files"].values()}  # fmt: skip
    named = {one.name for one in entries(LOCK.read_text("utf-8"))} | carried

    assert [name for name in named if not any(line.startswith(f"| {name} | ") for line in lines)] == []


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0-or-later", "Proprietary", "none"])
def test_a_licence_that_nobody_looked_at_stops_the_list(licence):
    with pytest.raises(licences.UnknownLicence, match="package: nobody has looked at"):
        licences.allowed(licence, of="package")
