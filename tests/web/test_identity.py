"""Who is let in, how long for, and what may they do?"""

from dataclasses import replace

import pytest

from tests import factories
from tests.web.conftest import client_of, page
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.people import Role
from webhooks_app.web.identity import role_asked, safe_next

# What everybody may see; every other page of the console wants somebody who is signed in.
OPEN = {
    "health.alive", "health.metrics", "health.ready", "sign_in.form", "sign_in.enter", "sign_in.link",
    "sign_in.use_link", "sign_in.out", "echo.receive", "static",
}  # fmt: skip
# What stands in an address, so that it is one of the view's; the rows are not there.
PARTS = {"side": "request", "person_id": 1}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api/")]


def test_only_these_pages_are_open_to_all(app):
    opened = {rule.endpoint for rule in rules(app) if role_asked(app.view_functions[rule.endpoint]) is None}

    assert opened == OPEN - {"static"}


def test_a_viewer_may_send_no_form(app):
    """Signing out, in and the box of the echo receiver aside, whatever changes something wants an operator."""
    asked = {
        rule.endpoint: role_asked(app.view_functions[rule.endpoint])
        for rule in rules(app)
        if "POST" in rule.methods and rule.endpoint not in OPEN
    }

    assert asked
    assert [endpoint for endpoint, role in asked.items() if role == Role.VIEWER] == []


@pytest.mark.parametrize("role", Role)
def test_each_role_is_let_in_or_not_as_each_view_says(app, signed_in, role):
    browser, order, addresses = signed_in(role), list(Role), app.url_map.bind("localhost")
    for rule in rules(app):
        asked = role_asked(app.view_functions[rule.endpoint])
        if rule.endpoint == "static" or asked is None:
            continue
        values = {name: PARTS.get(name, "1") for name in rule.arguments}
        for method in sorted(rule.methods & {"GET", "POST"}):
            address = addresses.build(rule.endpoint, values, method=method)
            is_refused = browser.open(address, method=method).status_code == 403
            assert is_refused is (order.index(role) < order.index(asked)), f"{role}: {method} {address}"


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
