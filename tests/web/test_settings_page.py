"""Are settings only read, tokens and links shown once, and users managed by admins alone?"""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.web.conftest import page, text_of
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.settings import table
from webhooks_app.storage.people import ApiToken, AuditEntry, User
from webhooks_app.web.settings import GROUPS


@pytest.fixture
def rows(engine):
    def read(model):
        with engine.sessions() as session:
            return session.scalars(sa.select(model)).all()

    return read


def test_every_setting_stands_under_one_heading():
    grouped = [name for names in GROUPS.values() for name in names]

    assert sorted(grouped) == sorted(setting.name for setting in table())


def test_a_setting_is_shown_with_its_source_and_a_secret_only_as_set(viewer, engine):
    text = page(viewer, "/settings")

    assert "127.0.0.0/8 ::1/128" in text and "environment" in text and "default" in text
    for secret in (engine.settings.secret_key, *engine.settings.encryption_keys):
        assert secret not in text


@pytest.mark.parametrize("path", ["/settings/tokens", "/settings/users"])
def test_keys_and_people_are_for_admins(viewer, operator, admin, path):
    assert [one.get(path).status_code for one in (viewer, operator, admin)] == [403, 403, 200]
    assert [one.post(path).status_code for one in (viewer, operator)] == [403, 403]


def test_a_new_token_is_shown_once_and_works(admin, engine):
    made = admin.post("/settings/tokens", data={"name": "CI", "scope": "publish"})
    shown = page(admin, made.location)
    token = re.search(r"whk_[\w-]+", shown)[0]

    with engine.sessions() as session:
        assert accounts.token_of(session, token).scope == "publish"
    later = page(admin, made.location)
    assert token not in later and f"…{token[-4:]}" in later


def test_a_token_may_be_made_for_a_while(admin, engine, clock, rows):
    """Row 66 of the security plan."""
    admin.post("/settings/tokens", data={"name": "CI", "scope": "read", "expires": "30"})
    admin.post("/settings/tokens", data={"name": "Shop", "scope": "read", "expires": ""})

    assert {one.name: one.expires_at for one in rows(ApiToken)} == {
        "CI": clock() + timedelta(days=30),
        "Shop": None,
    }
    assert "Expired" not in page(admin, "/settings/tokens")
    refused = admin.post("/settings/tokens", data={"name": "x", "scope": "read", "expires": "9999"})
    assert refused.status_code == 422


def test_a_token_that_is_over_is_told_to_be(admin, engine, clock):
    accounts.create_token(engine, "CI", "read", by=CODE, expires_at=clock() - timedelta(seconds=1))

    assert "Expired" in page(admin, "/settings/tokens")


@pytest.mark.parametrize(
    "form, words",
    [
        ({"name": "", "scope": "read"}, "Write what uses the token."),
        ({"name": "x", "scope": "root"}, "Not a valid choice"),
        ({"name": "\x1b[2J", "scope": "read"}, "characters that say who uses it"),  # the engine's own rule
    ],
)
def test_a_token_that_is_refused_says_why_beside_its_field(admin, rows, form, words):
    answer = admin.post("/settings/tokens", data=form)

    assert answer.status_code == 422 and words in text_of(answer) and not rows(ApiToken)


def test_a_token_is_revoked_after_asking(admin, engine, rows):
    admin.post("/settings/tokens", data={"name": "CI", "scope": "read"})
    [token] = rows(ApiToken)
    asked = page(admin, f"/settings/tokens/{token.id}/revoke")

    admin.post(f"/settings/tokens/{token.id}/revoke")

    assert "refused at once" in asked and rows(ApiToken)[0].revoked_at == engine.clock()
    assert admin.get(f"/settings/tokens/{token.id}/revoke").status_code == 404


def test_a_new_user_gets_a_link_that_signs_in_once(admin, app, rows, clock):
    made = admin.post("/settings/users", data={"email": "Ann@Example.com", "role": "operator"})
    shown = page(admin, made.location)
    link = re.search(r"/login/([\w-]+)", shown)[0]

    assert "ann@example.com" in [user.email for user in rows(User)]
    assert link not in page(admin, made.location)
    assert app.test_client().post(link).status_code == 302
    assert app.test_client().post(link).status_code == 404
    noted = [entry for entry in rows(AuditEntry) if entry.act == "sign-in-link"]
    assert [entry.actor for entry in noted] == ["admin@example.com"]


@pytest.mark.parametrize(
    "email, words",
    [
        ("", "Write their e-mail."),
        ("not an address", "Write an e-mail address"),
        ("admin@example.com", "There is a user admin@example.com already."),
    ],
)
def test_a_user_that_is_refused_says_why_beside_its_field(admin, email, words):
    answer = admin.post("/settings/users", data={"email": email, "role": "viewer"})

    assert answer.status_code == 422 and words in text_of(answer) and 'id="email-error"' in text_of(answer)


def test_a_role_is_changed(admin, make_user, rows):
    user = make_user(email="ann@example.com", role="viewer")

    admin.post(f"/settings/users/{user.id}/role", data={"role": "operator"})

    assert {one.email: one.role for one in rows(User)}["ann@example.com"] == "operator"


@pytest.mark.parametrize("role, words", [("viewer", "the last admin"), ("root", "The role is one of")])
def test_the_last_admin_stays_one(admin, rows, role, words):
    [user] = rows(User)

    answer = admin.post(f"/settings/users/{user.id}/role", data={"role": role}, follow_redirects=True)

    assert words in text_of(answer) and rows(User)[0].role == "admin"


def test_a_user_is_removed_after_asking_but_never_the_last_admin(admin, make_user, rows):
    user = make_user(email="ann@example.com", role="viewer")
    asked = page(admin, f"/settings/users/{user.id}/remove")
    admin.post(f"/settings/users/{user.id}/remove")
    [left] = rows(User)

    kept = admin.post(f"/settings/users/{left.id}/remove", follow_redirects=True)

    assert "signed out everywhere" in asked and left.email == "admin@example.com"
    assert "the last admin" in text_of(kept)


def test_someone_who_lost_their_link_gets_another(admin, make_user):
    user = make_user(email="ann@example.com", role="viewer")

    made = admin.post(f"/settings/users/{user.id}/link")

    assert made.status_code == 303 and "Sign-in link for ann@example.com" in page(admin, made.location)
    assert "Sign-in link for" not in page(admin, made.location)
    assert admin.post("/settings/users/nobody/link").status_code == 404


def test_a_settings_meaning_shows_code_as_code(viewer):
    text = page(viewer, "/settings")

    assert "<code>webhooks up</code>" in text and "`" not in text


@pytest.mark.parametrize("proxy", [None, "http://proxy.example.com:3128"])
def test_with_a_proxy_it_is_said_whose_job_the_addresses_are(app, engine, viewer, proxy):
    """Row 12 of the security plan."""
    settings = replace(engine.settings, outbound_proxy=proxy)
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], settings=settings)

    assert ("Address filtering is then the proxy’s job" in page(viewer, "/settings")) is (proxy is not None)
