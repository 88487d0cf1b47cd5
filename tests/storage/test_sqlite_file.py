"""Is an SQLite refused that several processes would damage, with a line that says what to do?"""

from __future__ import annotations

import os

import pytest

from webhooks_app.errors import CannotStart
from webhooks_app.storage.sqlite_file import file_system, refuse_unsafe

MOUNTS = """\
22 27 0:21 / /proc rw,nosuid - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
97 27 0:44 / /srv/share rw,relatime shared:49 master:3 - nfs4 server:/share rw,vers=4.2
"""


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        (os.makedev(254, 1), "ext4"),
        (os.makedev(0, 44), "nfs4"),  # behind two optional fields
        (os.makedev(9, 9), ""),  # btrfs gives each subvolume a number that stands nowhere
    ],
)
def test_the_file_system_is_found_by_its_device(device, kind):
    assert file_system(MOUNTS, device=device) == kind


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("ext4", False), ("overlay", False)],
)
def test_a_file_on_a_network_file_system_is_refused(tmp_path, kind, refused):
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"27 1 {number} / / rw - {kind} source rw\n", "utf-8")
    url = f"sqlite:///{tmp_path}/not/yet/made/webhooks.db"

    if not refused:
        refuse_unsafe(url, mounts=mounts)
        return
    with pytest.raises(CannotStart, match=rf"network file system \({kind}\).* local disk, or use PostgreSQL"):
        refuse_unsafe(url, mounts=mounts)


def test_an_old_sqlite_is_refused():
    with pytest.raises(CannotStart, match=r"SQLite 3\.35\.0 or newer is needed; this Python has 3\.34\.1\."):
        refuse_unsafe("sqlite:///x.db", version=(3, 34, 1))


@pytest.mark.parametrize("url", ["postgresql+psycopg://somewhere/x", "sqlite://", "sqlite:///:memory:"])
def test_what_is_no_file_is_not_looked_at(url, tmp_path):
    class NeverRead:
        """Stands for the list of mounts, and fails the test if it is read."""

    refuse_unsafe(url, mounts=NeverRead())
