"""Does the API take and give a listener's own authorities? Row 20 of the security plan."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.conftest import refused
from tests.engine.certificates import Authority

WANTED = {"hook": "person", "url": "https://hooks.example.com/"}


@pytest.fixture
def pem(tmp_path, clock):
    clock.now = datetime.now(UTC)
    return Authority(tmp_path).pem


def test_it_is_given_kept_and_taken_away(write, pem):
    made = write("POST", "/listeners", json={**WANTED, "settings": {"trusted_ca": pem}})
    path = f"/listeners/{made.json['id']}"
    kept = write("PATCH", path, json={"name": "Till"})
    gone = write("PATCH", path, json={"settings": {"trusted_ca": None}})

    assert [one.json["settings"]["trusted_ca"] for one in (made, kept, gone)] == [pem, pem, None]


def test_once_it_has_expired_the_rest_can_still_be_changed(write, pem, clock):
    made = write("POST", "/listeners", json={**WANTED, "settings": {"trusted_ca": pem}})
    clock.tick(2 * 86400)

    changed = write("PATCH", f"/listeners/{made.json['id']}", json={"name": "Till"})
    other = write("POST", "/listeners", json={**WANTED, "settings": {"trusted_ca": pem}})

    assert (changed.status_code, changed.json["name"]) == (200, "Till")
    assert refused(other) == {("settings.trusted_ca", "ca_expired")}


@pytest.mark.parametrize(
    ("given", "code"), [("none", "ca_format"), (5, "invalid_type"), (False, "invalid_type")]
)
def test_what_is_none_is_refused_at_its_field(write, given, code):
    answer = write("POST", "/listeners", json={**WANTED, "settings": {"trusted_ca": given}})

    assert refused(answer) == {("settings.trusted_ca", code)}
