"""Does the audit say what it knows, and never take silence for clean?"""

from __future__ import annotations

import json

import pytest

from supply.audit import CLEAN, UNANSWERED, VULNERABLE, verdict

FINE = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "urllib3", "version": "2.6.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.7.0"]}]}
UNFIXED = {"name": "rq", "version": "3.0.0", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
PASSED_OVER = {"name": "redis", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def answered(*packages):
    return verdict(json.dumps({"dependencies": list(packages), "fixes": []}))


def test_everything_checked_and_clean_is_a_success():
    found = answered(FINE, FINE)

    assert (found.status, found.lines) == (CLEAN, ("2 packages checked, no vulnerability known.",))


def test_each_vulnerability_is_a_line_with_what_helps():
    found = answered(FINE, BAD, UNFIXED)

    assert found.status == VULNERABLE
    assert found.lines == (
        "urllib3 2.6.0: PYSEC-1; fixed in 2.7.0.",
        "rq 3.0.0: PYSEC-2; fixed in no version yet.",
    )


@pytest.mark.parametrize(
    "answer",
    [
        "",  # pip-audit broke off: no network
        "Traceback (most recent call last):",
        "[]",
        json.dumps({"dependencies": []}),
    ],
)
def test_a_service_that_cannot_be_reached_is_one_line_and_no_success(answer):
    found = verdict(
        answer, complaint="Traceback (most recent call last):\n  File\nConnectionError: no route\n"
    )

    assert found.status == UNANSWERED
    assert found.lines == (
        "NOT CHECKED: the advisory service cannot be reached (ConnectionError: no route).",
    )


def test_a_service_that_never_ends_is_told_too():
    assert verdict("").lines == ("NOT CHECKED: the advisory service cannot be reached (no answer in time).",)


def test_a_mirror_without_advisories_has_checked_nothing():
    """pip-audit itself says of this that no vulnerability is known, with status 0."""
    found = answered(PASSED_OVER, PASSED_OVER)

    assert found.status == UNANSWERED
    assert found.lines == ("NOT CHECKED: the advisory service knows none of these packages.",)


def test_what_the_service_does_not_know_is_not_clean():
    found = answered(FINE, PASSED_OVER)

    assert found.status == UNANSWERED
    assert found.lines == ("NOT CHECKED: the advisory service did not answer for redis.",)


def test_what_is_vulnerable_outweighs_what_was_not_answered():
    found = answered(BAD, PASSED_OVER)

    assert found.status == VULNERABLE
    assert len(found.lines) == 2
