"""Is a copied cookie worth anything after its session has ended? Row 57 of the security plan."""

from __future__ import annotations

import pytest
from flask import Flask

from tests import factories
from tests.build import settings_for
from tests.web.conftest import client_of, page
from webhooks_app.application import _flask_config
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(engine):
    factories.make_user(engine, email="other@example.com", role="admin")  # so that she is not the last admin
    return factories.make_user(engine, email="ann@example.com", role="admin")


@pytest.fixture
def browser(app, ann):
    return client_of(app, ann)


@pytest.fixture
def copied(app, browser):
    """Another browser, with the very cookie of the first."""
    page(browser, "/hooks")
    thief = app.test_client()
    thief.set_cookie("webhooks_session", browser.get_cookie("webhooks_session").value)
    page(thief, "/hooks")
    return thief


def is_signed_in(browser) -> bool:
    answer = browser.get("/hooks")
    assert answer.status_code == 200 or answer.location.startswith("/login")
    return answer.status_code == 200


def test_a_copied_cookie_is_dead_after_signing_out(browser, copied):
    answer = browser.post("/logout", follow_redirects=True)

    assert "You are signed out, in every browser." in answer.text
    assert not is_signed_in(copied)


def test_a_cookie_of_before_signs_nobody_out(app, engine, ann, browser, copied):
    browser.post("/logout")
    again = client_of(app, accounts.use_link(engine, accounts.sign_in_link(engine, ann.email), by=CODE))

    copied.post("/logout")

    assert is_signed_in(again)


@pytest.mark.parametrize(
    "act",
    [
        lambda engine, user: accounts.set_password(engine, user.id, PASSWORD, by=CODE),
        lambda engine, user: accounts.set_role(engine, user.id, "operator", by=CODE),
        lambda engine, user: accounts.sign_out_everywhere(engine, user.id, by=CODE),
        lambda engine, user: accounts.delete_user(engine, user.id, by=CODE),
    ],
    ids=["new password", "other role", "signed out everywhere", "removed"],
)
def test_every_session_ends_when_its_user_changes(engine, ann, browser, copied, act):
    act(engine, ann)

    assert not is_signed_in(browser)
    assert not is_signed_in(copied)


def test_an_admin_signs_somebody_out_everywhere(admin, ann, copied):
    answer = admin.post(f"/settings/users/{ann.id}/sign-out", follow_redirects=True)

    assert "ann@example.com is signed out in every browser" in answer.text
    assert not is_signed_in(copied)


def test_whoever_is_not_there_cannot_be_signed_out(admin):
    assert admin.post("/settings/users/nobody/sign-out").status_code == 404


@pytest.mark.parametrize(("act", "form"), [("sign-out", {}), ("role", {"role": "admin"})])
def test_an_admin_who_does_it_to_themself_goes_on_in_this_browser_alone(browser, copied, ann, act, form):
    browser.post(f"/settings/users/{ann.id}/{act}", data=form)

    assert is_signed_in(browser)
    assert is_signed_in(copied) is (act == "role")  # it was their role before


def test_an_admin_who_gives_up_the_role_goes_on_as_what_they_are_then(browser, copied, ann):
    browser.post(f"/settings/users/{ann.id}/role", data={"role": "viewer"})

    assert browser.get("/settings/users").status_code == 403
    assert is_signed_in(browser)
    assert not is_signed_in(copied)


KEY = "a-former-key-for-tests-of-thirty-two-bytes-or-more"


@pytest.mark.parametrize(("fallbacks", "is_read"), [("another-key", False), (f"another-key,{KEY}", True)])
def test_a_former_secret_key_still_opens_sessions(tmp_path, fallbacks, is_read):
    before, after = Flask("before"), Flask("after")
    before.secret_key = KEY
    given = {"SECRET_KEY": f"newer-{KEY}", "SECRET_KEY_FALLBACKS": fallbacks}
    after.config.update(_flask_config(settings_for(tmp_path, **given)))

    kept = before.session_interface.get_signing_serializer(before).dumps({"_user_id": "1.1"})
    with after.test_request_context(headers={"Cookie": f"webhooks_session={kept}"}) as context:
        assert (context.session.get("_user_id") == "1.1") is is_read
