"""Who is let in, and how long for? What each role may do is the subject of test_roles."""

from dataclasses import replace

import pytest

from tests import factories
from tests.web.conftest import client_of, page
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.web.identity import safe_next


def test_a_stranger_is_led_to_the_sign_in_and_back(client):
    answer = client.get("/listeners?state=failing")

    assert answer.status_code == 302
    assert answer.location == "/login?next=/listeners?state%3Dfailing"


def test_a_fragment_answers_401_rather_than_a_page(client):
    assert client.get("/deliveries/rows", headers={"HX-Request": "true"}).status_code == 401


def test_an_hour_without_activity_ends_the_session(viewer, clock):
    clock.tick(3601)

    assert viewer.get("/hooks").location.startswith("/login")
    assert "session was over" in page(viewer, "/login")


def test_activity_keeps_the_session(viewer, clock):
    for _ in range(3):
        clock.tick(3000)
        page(viewer, "/hooks")


def test_polling_does_not_keep_the_session(viewer, clock):
    for _ in range(2):
        clock.tick(1700)
        assert viewer.get("/hooks", headers={"HX-Request": "true"}).status_code == 200
    clock.tick(300)

    assert viewer.get("/hooks").status_code == 302


def test_twelve_hours_end_the_session_whatever_its_activity(viewer, clock):
    for _ in range(15):
        clock.tick(2890)
        answer = viewer.get("/hooks")

    assert answer.status_code == 302


def test_signing_out_everywhere_ends_other_browsers(app, engine):
    user = factories.make_user(engine)
    browser = client_of(app, user)
    page(browser, "/hooks")

    accounts.sign_out_everywhere(engine, user.id, by=CODE)

    assert browser.get("/hooks").status_code == 302


@pytest.mark.parametrize(
    "target", ["/", "/hooks", "/deliveries?status=failed&page=2", "/a/b#c", "/%2F%2Fevil"]
)
def test_an_address_of_this_server_is_gone_on_to(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None, "", "hooks", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil", "\\\\evil",
        "http://evil.example", "https:evil.example", "javascript:alert(1)", "/\t/evil", "/\n/evil", "\t//evil",
        "/a\\b", "/\x00", "/\x7f", " /hooks", "data:text/html,x", "@evil.example",
    ],
)  # fmt: skip
def test_an_address_that_could_lead_elsewhere_is_not(target):
    assert safe_next(target) is None


@pytest.fixture
def hosted(app):
    """The console inside an application that asks its own user; `says[0]` is its answer."""
    says = [True]
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], is_host_admin=lambda: says[0])
    return app.test_client(), says


def test_whom_the_host_calls_admin_is_admin(hosted):
    browser, _says = hosted

    assert "host admin" in page(browser, "/hooks")


def test_whom_it_does_not_is_told_so(hosted):
    browser, says = hosted
    says[0] = False

    answer = browser.get("/hooks")

    assert answer.status_code == 403
    assert "list you as an admin" in answer.text


def test_the_host_is_asked_again_each_time(hosted):
    browser, says = hosted
    page(browser, "/hooks")

    says[0] = False

    assert browser.get("/hooks").status_code == 403


@pytest.mark.parametrize("address", ["/login", "/login/token"])
def test_a_hosted_console_has_no_sign_in(hosted, address):
    browser, _says = hosted

    assert browser.get(address).status_code == 404


def test_a_session_of_the_console_counts_for_nothing_where_the_host_decides(app, viewer):
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], is_host_admin=lambda: False)

    assert viewer.get("/hooks").status_code == 403
