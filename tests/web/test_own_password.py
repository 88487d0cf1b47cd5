"""Can somebody set their own password, and nobody that of another? And can an admin void one that is lost?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.web.conftest import client_of, page, text_of
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE

ADDRESS = "/settings/password"
OLD, NEW = "correct horse battery", "another horse battery"
GIVEN = {"current_password": OLD, "password": NEW}


@pytest.fixture
def ann(engine):
    return accounts.create_user(engine, "ann@example.com", "viewer", password=OLD, by=CODE)


@pytest.fixture
def browser(app, ann):
    return client_of(app, ann)


@pytest.fixture
def opens(engine):
    return lambda password: accounts.sign_in(engine, "ann@example.com", password, by=CODE) is not None


@pytest.fixture
def by_link(app, engine):
    """A browser in which this user has just come in by a link."""

    def come(user):
        browser = app.test_client()
        browser.post(f"/login/{accounts.sign_in_link(engine, user.email)}")
        return browser

    return come


def test_the_present_password_opens_the_way_to_another(app, ann, browser, opens):
    elsewhere = client_of(app, ann)

    answer = browser.post(ADDRESS, data=GIVEN)

    assert opens(NEW) and not opens(OLD)
    assert "Your password is set. Every other browser is signed out" in page(browser, answer.location)
    assert elsewhere.get("/hooks").location.startswith("/login")
    assert 'href="/settings/password"' in page(browser, "/hooks")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**GIVEN, "current_password": NEW}, "This is not your password."),
        ({**GIVEN, "current_password": ""}, "Write your current password."),
        ({**GIVEN, "password": "short"}, "Write at least 12 characters."),
        ({**GIVEN, "password": ""}, "Write a new password."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_changes_nothing(browser, opens, given, words):
    answer = browser.post(ADDRESS, data=given)

    assert answer.status_code == 422 and words in text_of(answer)
    assert OLD not in answer.text and NEW not in answer.text
    assert opens(OLD) and page(browser, "/hooks")


def test_who_guesses_has_to_wait(browser, opens):
    wrong = {**GIVEN, "current_password": "a wrong password"}

    answers = [browser.post(ADDRESS, data=wrong) for _ in range(6)]

    assert [one.status_code for one in answers] == [422] * 5 + [429]
    assert "Too many attempts." in answers[-1].text and answers[-1].headers["Retry-After"]
    assert browser.post(ADDRESS, data=GIVEN).status_code == 429
    assert opens(OLD)


def test_a_password_that_is_too_short_is_no_guess(browser, opens):
    for _ in range(8):
        browser.post(ADDRESS, data={**GIVEN, "password": "short"})
    browser.post(ADDRESS, data=GIVEN)

    assert opens(NEW)


def test_after_a_link_the_present_one_is_not_asked_for_once(by_link, ann, opens):
    browser = by_link(ann)

    assert 'name="current_password"' not in page(browser, ADDRESS)
    browser.post(ADDRESS, data={"password": NEW})

    assert opens(NEW)
    assert 'name="current_password"' in page(browser, ADDRESS)
    assert browser.post(ADDRESS, data={"password": OLD}).status_code == 422


def test_a_quarter_of_an_hour_later_it_is_asked_for_again(by_link, ann, clock, opens):
    browser = by_link(ann)
    clock.tick(15 * 60 + 1)

    assert browser.post(ADDRESS, data={"password": NEW}).status_code == 422
    assert opens(OLD)


def test_who_never_had_one_needs_a_fresh_link(app, engine, by_link, clock, opens):
    newcomer = accounts.create_user(engine, "ann@example.com", "viewer", by=CODE)
    browser = client_of(app, newcomer)

    assert "You have no password yet" in page(browser, ADDRESS)
    assert browser.post(ADDRESS, data={"password": NEW}).status_code == 422
    assert not opens(NEW)
    by_link(newcomer).post(ADDRESS, data={"password": NEW})
    assert opens(NEW)


def test_an_admin_voids_a_password_and_gets_the_link_to_another(app, admin, ann, browser, opens):
    made = admin.post(f"/settings/users/{ann.id}/password")

    shown = page(admin, made.location)
    assert "The password of ann@example.com is void" in shown
    assert not opens(OLD)
    assert browser.get("/hooks").location.startswith("/login")
    newly = app.test_client()
    newly.post(re.search(r"/login/[\w-]+", shown)[0])
    newly.post(ADDRESS, data={"password": NEW})
    assert opens(NEW)


def test_only_a_password_that_there_is_can_be_voided(admin, ann):
    assert page(admin, "/settings/users").count("Void the password") == 1  # the admin's own is none
    assert admin.post("/settings/users/nobody/password").status_code == 404


def test_where_the_host_knows_who_may_come_in_there_is_no_password(app):
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], is_host_admin=lambda: True)
    browser = app.test_client()

    assert browser.get(ADDRESS).status_code == 404
    assert browser.post(ADDRESS, data=GIVEN).status_code == 404
    assert f'href="{ADDRESS}"' not in page(browser, "/hooks")
