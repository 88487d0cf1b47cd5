"""Is there an answer without the protecting headers? Rows 53 and 54 of the security plan, on every address.

Asked are all rules of pages and calls by every method, by a stranger and by an admin, with and without a good form
token, whole and as a fragment: pages, redirects, files, JSON, and refusals of each kind.
"""

from __future__ import annotations

from itertools import product

import pytest

from tests import factories
from tests.web.conftest import client_of
from webhooks_app.engine.accounts import create_token
from webhooks_app.engine.audit import CODE
from webhooks_app.web.identity import open_to_all
from webhooks_app.web.protection import HEADERS

METHODS = ("GET", "POST", "DELETE", "OPTIONS")
PARTS = {"side": "request", "person_id": 1, "number": 1, "name": "person", "filename": "css/app.css"}
BEYOND = (
    "/no-such-page",
    "/api/v1/no-such-call",
    "/static/no-such-file",
    "/hooks/%00",
    "/api/",
    "//evil.example/",
)
UNKEPT = ("no-store", "private, no-cache")  # the second is for what a program may ask again by its ETag
SANDBOX = "sandbox"  # what is downloaded may do even less


def addresses(app):
    bound = app.url_map.bind("localhost")
    found = {
        bound.build(rule.endpoint, {name: PARTS.get(name, "1") for name in rule.arguments}, method=method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert len(found) > 60
    return sorted({*found, *BEYOND})


def lacking(answer):
    """The headers that are not as they should be."""
    policy = answer.headers.get("Content-Security-Policy", "")
    wrong = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
    if policy.startswith(SANDBOX) or "; sandbox" in policy:
        wrong.remove("Content-Security-Policy")
    if not answer.headers.get("X-Request-Id"):
        wrong.append("X-Request-Id")
    if not answer.request.path.startswith("/static/") and answer.headers.get("Cache-Control") not in UNKEPT:
        wrong.append("Cache-Control")
    return wrong


def answers(app, browser, **options):
    for address, method in product(addresses(app), METHODS):
        with browser.open(address, method=method, **options) as answer:
            yield f"{method} {address}: {answer.status_code}", answer


@pytest.mark.parametrize(
    ("role", "checks_forms", "is_fragment"),
    [("", False, False), ("admin", False, False), ("admin", True, True)],
    ids=["a stranger", "an admin", "fragments and refused forms"],
)
def test_every_answer_has_them(app, engine, role, checks_forms, is_fragment):
    app.config["WTF_CSRF_ENABLED"] = checks_forms
    browser = client_of(app, factories.make_user(engine, role=role)) if role else app.test_client()
    headers = {"HX-Request": "true"} if is_fragment else {}

    found = {
        said: wrong for said, answer in answers(app, browser, headers=headers) if (wrong := lacking(answer))
    }

    assert found == {}


def test_so_has_every_answer_to_a_program(app, engine):
    token = create_token(engine, "a", "write", by=CODE).token
    headers = {"Authorization": f"Bearer {token}"}

    found = {
        said: lacking(answer)
        for said, answer in answers(app, app.test_client(), headers=headers, json={})
        if lacking(answer)
    }

    assert found == {}


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Host": "evil.example"}},
        {"data": b"x" * (17 * 1024 * 1024)},
        {"headers": {"Content-Type": "multipart/form-data"}},
        {"query_string": {"a\0": "b"}},
    ],
    ids=["foreign host", "too large", "broken form", "NUL"],
)
def test_so_has_what_is_refused_before_anybody_looks(app, admin, options):
    for address in ("/listeners/preview", "/login", "/api/v1/listeners", "/static/css/app.css"):
        with admin.post(address, **options) as answer:
            assert answer.status_code >= 400
            assert lacking(answer) == [], answer.status


@pytest.mark.parametrize("path", ["/", "/api/v1/hooks", "/healthz", "/deliveries/rows"])
def test_so_has_a_crash(app, engine, monkeypatch, path):
    headers = {"Authorization": f"Bearer {create_token(engine, 'a', 'read', by=CODE).token}"}
    browser = client_of(app, factories.make_user(engine))
    endpoint = app.url_map.bind("localhost").match(path, method="GET")[0]
    crash = open_to_all(lambda: 1 / 0)
    crash.scope = "read"
    monkeypatch.setitem(app.view_functions, endpoint, crash)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    answer = browser.get(path, headers=headers)

    assert (answer.status_code, lacking(answer)) == (500, [])
