"""Does docs/security.md name every rule once, with tests that exist, and what a deployment is told to use?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| (.*)<!-- row (\d+) --> \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE)


def test_every_rule_has_its_row_in_order():
    assert [int(number) for number, *_ in ROWS] == list(range(1, 88))
    assert all(number == anchor for number, _, _, anchor in ROWS)


@pytest.mark.parametrize(("number", "cell"), [(number, cell) for number, _, cell, _ in ROWS if cell])
def test_the_tests_that_a_rule_names_exist(number, cell):
    for path, names in re.findall(r"\[[^\]]+\]\(\.\./([^)]+)\): ((?:`\w+`(?:, )?)+)", cell):
        text = (ROOT / path).read_text("utf-8")
        assert [name for name in re.findall(r"`(\w+)`", names) if f"def {name}(" not in text] == []


def test_the_threat_model_leads_to_rules_that_there_are():
    table = PAGE.partition("## Who attacks what")[2].partition("\n## ")[0]
    spans = re.findall(r"\d+(?:–\d+)?", " ".join(re.findall(r"\| ([\d–, ]+) \|$", table, flags=re.MULTILINE)))
    covered = set()
    for span in spans:
        first, _, last = span.partition("–")
        covered.update(range(int(first), int(last or first) + 1))

    assert covered <= set(range(1, 88))
    assert len(table.splitlines()) < 25  # to be read in five minutes


@pytest.mark.parametrize(
    "told",
    [
        "deploy/egress.nft",
        "deploy/redis-users.acl",
        "deploy/postgresql-roles.sql",
        "useradd --system",
        "systemd-analyze security",
        "--require-hashes -r requirements.lock",
        "SECURITY.md",
    ],
)
def test_a_deployment_is_told_how_to_be_hardened(told):
    assert told in PAGE


def test_the_readme_leads_to_the_page():
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("## Security\n")[2].partition("\n## ")[0]

    assert "(docs/security.md)" in section and "(SECURITY.md)" in section
    assert "Nobody gets in, and no request gets out to where it does not belong." in section
    assert "Nobody gets in, and no request gets out to where it does not belong." in PAGE


def test_the_firewall_names_the_user_of_the_units():
    assert 'meta skuid != "webhooks" accept' in (ROOT / "deploy" / "egress.nft").read_text("utf-8")
    for unit in (ROOT / "deploy").glob("*.service"):
        assert "\nUser=webhooks\n" in unit.read_text("utf-8")
