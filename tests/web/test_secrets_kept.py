"""Does any page, or any answer of the API, tell a secret again? Rows 41 and 42 of the security plan."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.web.conftest import client_of, page
from tests.web.crawl import addresses, parts_for
from webhooks_app.engine import accounts, listeners
from webhooks_app.engine.audit import CODE, Actor
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import new_secret
from webhooks_app.logs import TextFormatter
from webhooks_app.web.identity import open_to_all

PASSWORD, HEADER = "correct horse battery staple", "tenant-key-9f3b1c"
ANN = Actor("ann@example.com")


@pytest.fixture
def secrets(engine, make_listener):
    """What nobody may see again, by what it is; and the parts of addresses under which somebody might."""
    first = new_secret()
    listener = make_listener(secret=first, headers={"x-tenant-key": HEADER})
    second = listeners.rotate_secret(engine, listener.id, by=ANN)
    user = accounts.create_user(engine, "ann@example.com", "admin", password=PASSWORD, by=CODE)
    token = accounts.create_token(engine, "shop", "write", by=CODE)
    link = accounts.sign_in_link(engine, user.email)
    parts = parts_for(engine, listener, user)
    told = {
        "an old signing secret": first,
        "the present signing secret": second,
        "the value of a header": HEADER,
        "a password": PASSWORD,
        "the hash of a password": user.password_hash,
        "an API token": token.token,
        "the hash of a token": token.row.token_hash,
        "a sign-in link": link,
        "the key of the cookies": engine.settings.secret_key,
        "the key of the secrets": engine.settings.encryption_keys[0],
    }
    return told, parts, user, token.token


@pytest.fixture
def blinded(app, engine):
    """From now on the console has other keys."""

    def blind():
        seal = Seal(["another key of thirty-two bytes or more"])
        console = app.extensions["webhooks"]
        app.extensions["webhooks"] = replace(console, engine=replace(engine, seal=seal))

    return blind


def told_in(text, told):
    return [what for what, secret in told.items() if secret in text]


def test_no_page_and_no_call_shows_a_secret(app, engine, transport, secrets):
    told, parts, user, token = secrets
    browser = client_of(app, user)
    statuses = {}
    for _endpoint, address in addresses(app, parts, "GET"):
        given = {"Authorization": f"Bearer {token}"} if address.startswith("/api/") else {}
        with browser.get(address, headers=given) as answer:
            statuses[address] = answer.status_code
            assert told_in(answer.get_data(as_text=True) + str(answer.headers), told) == [], address

    seen = [address for address, status in statuses.items() if status == 200]
    for address in ("listeners", "deliveries", "events"):  # the very ones that have secrets were looked at
        shown = parts[f"{address.rstrip('s') if address != 'deliveries' else 'delivery'}_id"]
        assert f"/{address}/{shown}" in seen
        assert f"/api/v1/{address}/{shown}" in seen
    assert f"/listeners/{parts['listener_id']}/edit" in seen
    assert f"/deliveries/{parts['delivery_id']}/attempts/1/request" in seen


@pytest.mark.parametrize("act", ["pause", "resume", "test"])
def test_no_act_on_a_listener_answers_its_secret(app, secrets, act):
    told, parts, _user, token = secrets
    answer = app.test_client().post(
        f"/api/v1/listeners/{parts['listener_id']}/{act}",
        headers={"Authorization": f"Bearer {token}"},
        json={},
    )

    assert answer.status_code in (200, 202)
    assert told_in(answer.text, told) == []


def test_what_a_refused_form_shows_again_holds_no_secret(app, secrets):
    told, parts, user, _token = secrets
    browser = client_of(app, user)
    typed = {"url": "ftp://example.com", "match-name_cond": "any"}
    answer = browser.post(f"/listeners/{parts['listener_id']}/edit", data=typed)

    assert answer.status_code == 422
    assert told_in(answer.text, told) == []


@pytest.fixture
def crashing(app):
    """The console with a page that fails with a secret in its variables, and in the error's text."""

    def crash():
        secret = new_secret()
        raise RuntimeError(f"cannot use {secret}")

    rules_before = dict(app.view_functions)
    app.view_functions["health.alive"] = open_to_all(crash)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app.test_client()
    app.view_functions.clear()
    app.view_functions.update(rules_before)


@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_with_a_secret_at_hand_tells_it_to_nobody(app, crashing, caplog, debug):
    app.debug = debug
    try:
        with caplog.at_level(logging.DEBUG):
            answer = crashing.get("/healthz")
    finally:
        app.debug = False
    lines = "\n".join(map(TextFormatter().format, caplog.records))

    assert answer.status_code == 500
    assert "whsec_" not in answer.text
    assert "RuntimeError: cannot use whsec_***" in lines
    assert lines.count("whsec_") == lines.count("whsec_***")


def test_the_page_of_a_listener_says_that_its_secret_cannot_be_read(viewer, blinded, make_listener):
    """Row 40 of the security plan: the listener is marked."""
    listener = make_listener()
    assert "Nothing can be sent" not in page(viewer, f"/listeners/lsn_{listener.id}")

    blinded()

    assert "The signing secret cannot be read" in page(viewer, f"/listeners/lsn_{listener.id}")


def test_every_page_says_that_a_key_is_missing(viewer, blinded, make_listener):
    """Row 40 of the security plan: the banner."""
    make_listener()
    assert "Signing secrets cannot be read" not in page(viewer, "/hooks")

    blinded()

    assert "Signing secrets cannot be read" in page(viewer, "/hooks")


def test_a_secret_that_nobody_needs_any_more_is_not_missed(viewer, blinded, make_listener, clock):
    make_listener(deleted_at=clock())

    blinded()

    assert "Signing secrets cannot be read" not in page(viewer, "/hooks")
