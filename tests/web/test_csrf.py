"""Is a form taken only from a page of ours? Row 55 of the security plan, on every address that takes one."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests import factories
from tests.web.conftest import client_of, page
from tests.web.crawl import addresses, parts_for

# Another site's machine may send to these: the built-in receiver, and the API, which takes no cookie.
EXEMPT = {"echo.receive"}
EXPIRED = "This form has expired. Reload the page and try again."


@pytest.fixture
def user(engine):
    return factories.make_user(engine)


@pytest.fixture
def browser(app, user):
    app.config["WTF_CSRF_ENABLED"] = True
    return client_of(app, user)


@pytest.fixture
def forms(app, engine, browser, make_listener, user):
    """Every address that takes a form."""
    parts = parts_for(engine, make_listener(), user)
    found = [
        address
        for endpoint, address in addresses(app, parts, "POST")
        if endpoint not in EXEMPT and not address.startswith("/api/")
    ]
    assert len(found) > 20
    return found


def token_of(browser):
    return re.search(r'"X-CSRFToken": "([^"]+)"', page(browser, "/hooks"))[1]


def strangers_token(app, engine):
    return token_of(client_of(app, factories.make_user(engine)))


@pytest.mark.parametrize(
    "token",
    [lambda _app, _engine: None, lambda _app, _engine: "made up", strangers_token],
    ids=["missing", "wrong", "of another session"],
)
def test_no_address_takes_a_form_without_a_token_of_this_session(app, engine, browser, forms, token):
    given = token(app, engine)
    page(browser, "/hooks")

    for address in forms:
        for send in (
            partial(browser.post, data={"csrf_token": given} if given else {}),
            partial(browser.post, headers={"X-CSRFToken": given} if given else {}),
        ):
            answer = send(address)
            assert (answer.status_code, EXPIRED in answer.text) == (400, True), address


def test_a_token_that_is_too_old_is_refused(app, browser, forms):
    token = token_of(browser)
    app.config["WTF_CSRF_TIME_LIMIT"] = -1

    for address in forms:
        assert browser.post(address, data={"csrf_token": token}).status_code == 400, address


def test_a_good_token_opens_as_a_field_and_as_a_header(browser, make_listener):
    token, address = token_of(browser), f"/listeners/lsn_{make_listener().id}"

    assert browser.post(f"{address}/pause", data={"csrf_token": token}).status_code in (302, 303)
    assert browser.post(f"{address}/resume", headers={"X-CSRFToken": token}).status_code in (302, 303)


@pytest.mark.parametrize(
    ("referrer", "is_taken"),
    [
        ("https://localhost/hooks", True),
        ("https://evil.example/", False),
        ("http://localhost/", False),
        ("", False),
    ],
)
def test_on_https_the_form_must_come_from_this_site(browser, make_listener, referrer, is_taken):
    token, address = token_of(browser), f"/listeners/lsn_{make_listener().id}/pause"

    answer = browser.post(
        address, data={"csrf_token": token}, headers={"Referer": referrer}, base_url="https://localhost"
    )

    assert (answer.status_code in (302, 303)) is is_taken


def test_the_built_in_receiver_takes_requests_without_a_token(app, browser):
    assert app.test_client().post("/echo/no-such-box").status_code == 404
