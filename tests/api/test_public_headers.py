"""Does the API show the values of public headers, and of no other? Row 42 of the security plan."""

from __future__ import annotations

import pytest

from tests.api.conftest import refused

WANTED = {
    "hook": "person",
    "url": "http://127.0.0.1:9099/hook",
    "settings": {"headers": {"X-Key": "top secret", "X-Team": "sales"}, "public_headers": ["X-Team"]},
}


@pytest.fixture
def path(write):
    return f"/listeners/{write('POST', '/listeners', json=WANTED).json['id']}"


def seen(answer):
    settings = answer.json["settings"]
    return settings["headers"], settings["public_headers"]


def test_a_public_header_is_read_with_its_value(read, path):
    assert seen(read("GET", path)) == ({"x-key": "(hidden)", "x-team": "sales"}, ["x-team"])


def test_a_hidden_value_is_not_read_by_marking_it(write, path):
    for change in (
        {"public_headers": ["x-key", "x-team"]},
        {"public_headers": ["x-key"], "headers": {"x-key": "(hidden)"}},
    ):
        answer = write("PATCH", path, json={"settings": change})
        assert refused(answer) == {("settings.headers", "header_hidden")}

    change = {"public_headers": ["x-key"], "headers": {"x-key": "written anew"}}
    assert seen(write("PATCH", path, json={"settings": change})) == ({"x-key": "written anew"}, ["x-key"])


def test_a_mark_is_taken_away_without_touching_the_value(write, path):
    hidden = seen(write("PATCH", path, json={"settings": {"public_headers": []}}))

    assert hidden == ({"x-key": "(hidden)", "x-team": "(hidden)"}, [])


def test_a_mark_stays_with_its_header_and_goes_with_it(write, path):
    kept = seen(write("PATCH", path, json={"settings": {"headers": {"x-team": "support"}}}))
    gone = seen(write("PATCH", path, json={"settings": {"headers": {"x-key": "a"}}}))

    assert (kept, gone) == (({"x-team": "support"}, ["x-team"]), ({"x-key": "(hidden)"}, []))


@pytest.mark.parametrize(
    ("public", "error"),
    [
        (["x-tem"], ("settings.public_headers", "header_unknown")),
        ("x-team", ("settings.public_headers", "invalid_type")),
        ([1], ("settings.public_headers.0", "invalid_type")),
    ],
)
def test_what_cannot_be_marked_is_refused_at_its_field(write, path, public, error):
    assert refused(write("PATCH", path, json={"settings": {"public_headers": public}})) == {error}
