"""How do people come in? By password or link, throttled, in a session of their own."""

import sys
from pathlib import Path

import pytest

from tests.web.conftest import page
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.flask_command import flask_command

EMAIL, PASSWORD = "elena@example.com", "correct horse battery"


@pytest.fixture
def elena(engine):
    return accounts.create_user(engine, EMAIL, "operator", password=PASSWORD, by=COMMAND_LINE)


def enter(browser, email=EMAIL, password=PASSWORD, **options):
    return browser.post("/login", data={"email": email, "password": password}, **options)


def test_the_right_password_opens(client, elena):
    assert enter(client).location == "/"
    assert EMAIL in page(client, "/hooks")


def test_signing_in_goes_on_to_where_one_wanted(client, elena):
    answer = client.post("/login?next=/listeners", data={"email": EMAIL, "password": PASSWORD})

    assert answer.location == "/listeners"


def test_signing_in_never_leads_elsewhere(client, elena):
    answer = client.post("/login?next=//evil.example", data={"email": EMAIL, "password": PASSWORD})

    assert answer.location == "/"


def test_an_unknown_e_mail_and_a_wrong_password_are_told_alike(client, elena):
    texts = [enter(client, email=email, password="wrong").text for email in (EMAIL, "no@example.com")]

    assert all("The e-mail or the password is wrong." in text for text in texts)


def test_what_is_wrong_is_said_once(client, elena):
    wrong, empty = enter(client, password="wrong").text, enter(client, password="").text

    assert wrong.count("The e-mail or the password is wrong.") == 1 and "another look" not in wrong
    assert empty.count("Write your password.") == 1


def test_the_e_mail_is_kept_and_the_password_is_not(client, elena):
    text = enter(client, password="my wrong guess").text

    assert EMAIL in text
    assert "my wrong guess" not in text


def test_the_sixth_failure_in_a_minute_has_to_wait(client, elena):
    assert [enter(client, password="wrong").status_code for _ in range(5)] == [422] * 5

    answer = enter(client)

    assert answer.status_code == 429
    assert "Too many attempts. Try again in " in answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_an_attempt_without_an_e_mail_logs_nothing_and_is_throttled_too(client, caplog):
    answers = [enter(client, email=" ").status_code for _ in range(6)]

    assert answers == [422] * 5 + [429]
    assert not [record for record in caplog.records if record.name == "flask-limiter"]


def test_only_failures_count(client, elena):
    for _ in range(7):
        assert enter(client).status_code == 302
        client.post("/logout")


def test_another_account_is_not_held_up(client, elena):
    for _ in range(6):
        enter(client, email="other@example.com", password="wrong")

    assert enter(client).status_code == 302


def test_a_session_planted_before_is_not_taken_over(client, elena):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"

    enter(client)

    with client.session_transaction() as session:
        assert "planted" not in session


def test_the_cookie_is_kept_from_scripts_and_other_sites(client, elena):
    cookie = enter(client).headers["Set-Cookie"]

    assert cookie.startswith("webhooks_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_opening_a_link_does_not_use_it_up(client, engine, elena):
    token = accounts.sign_in_link(engine, EMAIL)

    for _ in range(2):
        assert "Sign in with this link" in page(client, f"/login/{token}")
    assert client.post(f"/login/{token}").location == "/"
    assert EMAIL in page(client, "/hooks")


def test_a_link_works_once(app, engine, elena):
    token = accounts.sign_in_link(engine, EMAIL)
    app.test_client().post(f"/login/{token}")

    answer = app.test_client().post(f"/login/{token}")

    assert answer.status_code == 404
    assert "no longer good" in answer.text


def test_a_link_lasts_fifteen_minutes(client, engine, elena, clock):
    token = accounts.sign_in_link(engine, EMAIL)
    clock.tick(15 * 60)

    assert client.get(f"/login/{token}").status_code == 404


def test_signing_out_ends_the_session(viewer):
    viewer.post("/logout")

    assert viewer.get("/hooks").status_code == 302


def test_the_command_that_prints_a_link_is_told_as_it_is_typed_here(client):
    typed = flask_command(sys.argv[0], python=sys.executable, root=Path.cwd())

    for address in ("/login", "/login/whs_nothing"):
        assert f"<code>{typed} --app wsgi webhooks sign-in-link</code>" in client.get(address).text


def test_signing_out_without_a_session_is_no_error(client):
    assert client.post("/logout").location == "/login"


def test_whoever_is_signed_in_does_not_see_the_form(viewer):
    assert viewer.get("/login?next=/hooks").location == "/hooks"


def test_failures_are_counted_in_redis_by_whatever_name_it_is_reached(app):
    """So that two web processes count together; the embedded one is reached by a socket."""
    pool = app.config["RATELIMIT_STORAGE_OPTIONS"]["connection_pool"]

    assert pool.connection_kwargs["path"].endswith("redis.sock")
    assert pool.connection_kwargs["socket_timeout"] <= 0.5
