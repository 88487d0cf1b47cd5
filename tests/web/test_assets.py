"""May a browser keep a static file for ever, and only then?"""

import re

import pytest
from flask import render_template_string

from tests.web.bare_shell import bare_app
from webhooks_app.web import assets


@pytest.fixture
def client():
    return bare_app().test_client()


def address(path: str) -> str:
    with bare_app().test_request_context("/"):
        return render_template_string("{{ static_url(path) }}", path=path)


def test_an_address_carries_the_version_of_its_file():
    assert re.fullmatch(r"/static/css/app\.css\?v=[0-9a-f]{8}", address("css/app.css"))


def test_a_file_that_is_not_there_has_an_address_without_a_version():
    assert address("css/none.css") == "/static/css/none.css"


def test_a_changed_file_has_another_version(tmp_path):
    file = tmp_path / "a.css"
    file.write_text("a")
    before = assets.version_of(file)
    file.write_text("b")

    assert assets.version_of(file) != before


@pytest.mark.parametrize(
    "query, cache_control",
    [
        ("", "no-cache"),
        ("?v=00000000", "no-store"),  # another process of a roll-out knows this version, we do not
    ],
)
def test_another_version_is_not_kept(client, query, cache_control):
    with client.get(f"/static/css/app.css{query}") as answer:
        assert answer.headers["Cache-Control"] == cache_control


def test_this_version_is_kept_for_ever(client):
    with client.get(address("css/app.css")) as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, assets.FOR_EVER)


def test_a_missing_file_is_not_kept(client):
    assert "immutable" not in client.get("/static/none.css?v=00000000").headers.get("Cache-Control", "")
