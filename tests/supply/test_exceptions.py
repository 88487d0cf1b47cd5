"""Does every exception from the rules of security say which rule it means, and why?"""

from __future__ import annotations

import re

from supply.lock import ROOT

OURS = [
    path
    for place in ("webhooks_app", "migrations", "supply", "static/vendor")
    for path in sorted((ROOT / place).rglob("*.py"))
]
EXCEPTION = re.compile(r"# nosec( B\d{3})+ # .{4,}")


def test_every_exception_names_its_rule_and_its_reason():
    marked = [
        (path.relative_to(ROOT).as_posix(), line)
        for path in OURS
        for line in path.read_text("utf-8").splitlines()
        if "nosec" in line
    ]

    assert marked
    assert [one for one in marked if not EXCEPTION.search(one[1])] == []
