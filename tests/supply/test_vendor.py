"""Are the third-party files of the web interface the ones that were fetched?"""

import json
import re
import shutil
from pathlib import Path

import pytest

from supply import vendor

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "static" / "vendor"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VENDOR, tmp_path / "vendor"))


def wanted() -> list[dict]:
    return json.loads((VENDOR / "vendor.json").read_text())["packages"]


def test_the_vendored_files_are_those_of_the_lock():
    assert vendor.check(wanted()) == []


def test_a_changed_file_is_named(copy):
    (copy / "htmx.min.js").write_bytes(b"alert(1)")

    assert vendor.check(wanted(), copy) == ["htmx.min.js: changed since it was fetched."]


def test_a_missing_and_an_added_file_are_named(copy):
    (copy / "icons.svg").rename(copy / "own.svg")

    assert vendor.check(wanted(), copy) == ["own.svg: not in the lock.", "icons.svg: missing."]


@pytest.mark.parametrize("name", ["bootstrap.min.css", "htmx.min.js", "icons.svg", "LICENSES/bootstrap.txt"])
def test_one_byte_more_is_a_change(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")

    assert vendor.check(wanted(), copy) == [f"{name}: changed since it was fetched."]


@pytest.mark.parametrize(
    "name", ["own.js", "LICENSES/own.js", "deep/down/own.js", "__pycache__/own.pyc", ".own.js", "vendor.py"]
)
def test_a_file_more_is_named_wherever_it_is(copy, name):
    (copy / name).parent.mkdir(parents=True, exist_ok=True)
    (copy / name).write_text("alert(1)")

    assert vendor.check(wanted(), copy) == [f"{name}: not in the lock."]


def test_every_file_of_the_lock_has_a_version_and_a_licence():
    lock = json.loads((VENDOR / "vendor.lock.json").read_text())
    named = {package["name"]: package for package in wanted()}

    assert lock["packages"].keys() == named.keys()
    assert all(one["integrity"].startswith("sha512-") for one in lock["packages"].values())
    for about in lock["files"].values():
        package = named[about["package"]]
        assert (about["version"], about["licence"]) == (package["version"], package["licence"])


def test_another_version_wanted_than_locked_is_named():
    changed = [dict(package, version="0.0.1") for package in wanted() if package["name"] == "bootstrap"]

    assert vendor.check(changed) == ["bootstrap: vendor.json wants 0.0.1, the lock has another."]


def test_every_package_carries_its_licence():
    for package in wanted():
        text = (VENDOR / "LICENSES" / f"{package['name'].strip('@').replace('/', '-')}.txt").read_text()
        assert "Permission" in text


def test_no_vendored_file_asks_for_a_source_map_or_another_host():
    for name in ("bootstrap.min.css", "htmx.min.js", "icons.svg"):
        text = (VENDOR / name).read_text()
        assert "sourceMappingURL" not in text
        assert not re.search(r"url\(['\"]?(https?:)?//", text)


def test_every_icon_a_template_names_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (VENDOR / "icons.svg").read_text()))
    call = re.compile(r'\bicon\("([a-z0-9-]+)"|icon_name="([a-z0-9-]+)"')
    for template in sorted((ROOT / "templates").rglob("*.html")):
        named = {name for found in call.findall(template.read_text()) for name in found if name}
        assert named <= drawn, f"{template.relative_to(ROOT)} names icons that the sprite does not have"
