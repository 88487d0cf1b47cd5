"""Who may ask for which page? Row 64 of the security plan: every address with every role, against a table."""

from __future__ import annotations

import pytest

from webhooks_app.storage.people import Role
from webhooks_app.web.identity import role_asked

# The least role for each address; written out, so that none can become weaker unnoticed. A viewer reads, but
# no bodies; an operator also has to do with listeners, tests, retries and cancelling; users, tokens and the log
# of changes are the admin's.
NOBODY = ""
LEAST = {
    ("GET", "/healthz"): NOBODY,
    ("GET", "/readyz"): NOBODY,
    ("GET", "/metrics"): NOBODY,
    ("GET", "/login"): NOBODY,
    ("POST", "/login"): NOBODY,
    ("GET", "/login/<token>"): NOBODY,
    ("POST", "/login/<token>"): NOBODY,
    ("POST", "/logout"): NOBODY,
    ("POST", "/echo/<token>"): NOBODY,
    ("GET", "/"): "viewer",
    ("GET", "/dashboard/live"): "viewer",
    ("POST", "/dashboard/try"): "operator",
    ("GET", "/hooks"): "viewer",
    ("GET", "/hooks/<name>"): "viewer",
    ("GET", "/hooks/<name>/events/new"): "operator",
    ("POST", "/hooks/<name>/events/new"): "operator",
    ("GET", "/hooks/<name>/listeners/new"): "operator",
    ("POST", "/hooks/<name>/listeners/new"): "operator",
    ("GET", "/listeners"): "viewer",
    ("GET", "/listeners/new"): "operator",
    ("POST", "/listeners/preview"): "operator",
    ("GET", "/listeners/<listener_id>"): "viewer",
    ("GET", "/listeners/<listener_id>/live"): "viewer",
    ("GET", "/listeners/<listener_id>/edit"): "operator",
    ("POST", "/listeners/<listener_id>/edit"): "operator",
    ("GET", "/listeners/<listener_id>/delete"): "operator",
    ("POST", "/listeners/<listener_id>/delete"): "operator",
    ("POST", "/listeners/<listener_id>/pause"): "operator",
    ("POST", "/listeners/<listener_id>/resume"): "operator",
    ("POST", "/listeners/<listener_id>/rotate-secret"): "operator",
    ("POST", "/listeners/<listener_id>/test"): "operator",
    ("GET", "/deliveries"): "viewer",
    ("GET", "/deliveries/rows"): "viewer",
    ("POST", "/deliveries/retry"): "operator",
    ("GET", "/deliveries/<delivery_id>"): "viewer",
    ("GET", "/deliveries/<delivery_id>/live"): "viewer",
    ("GET", "/deliveries/<delivery_id>/attempts/<int:number>/<any(request,response):side>"): "operator",
    ("POST", "/deliveries/<delivery_id>/retry"): "operator",
    ("POST", "/deliveries/<delivery_id>/cancel"): "operator",
    ("GET", "/events"): "viewer",
    ("GET", "/events/<event_id>"): "viewer",
    ("GET", "/events/<event_id>/live"): "viewer",
    ("GET", "/events/<event_id>/payload"): "operator",
    ("GET", "/echo"): "viewer",
    ("POST", "/echo"): "operator",
    ("GET", "/echo/<token>"): "viewer",
    ("GET", "/echo/<token>/live"): "viewer",
    ("POST", "/echo/<token>/answer"): "operator",
    ("POST", "/echo/<token>/clear"): "operator",
    ("GET", "/echo/<token>/requests/<request_id>/body"): "operator",
    ("GET", "/demo"): "viewer",
    ("POST", "/demo/orders"): "operator",
    ("POST", "/demo/people"): "operator",
    ("POST", "/demo/people/<int:person_id>"): "operator",
    ("POST", "/demo/people/<int:person_id>/delete"): "operator",
    ("POST", "/demo/people/<int:person_id>/greet"): "operator",
    ("GET", "/system"): "viewer",
    ("GET", "/system/live"): "viewer",
    ("GET", "/settings"): "viewer",
    ("GET", "/settings/password"): "viewer",
    ("POST", "/settings/password"): "viewer",
    ("GET", "/settings/tokens"): "admin",
    ("POST", "/settings/tokens"): "admin",
    ("GET", "/settings/tokens/<token_id>/revoke"): "admin",
    ("POST", "/settings/tokens/<token_id>/revoke"): "admin",
    ("GET", "/settings/users"): "admin",
    ("POST", "/settings/users"): "admin",
    ("POST", "/settings/users/<user_id>/link"): "admin",
    ("GET", "/settings/users/<user_id>/remove"): "admin",
    ("POST", "/settings/users/<user_id>/password"): "admin",
    ("POST", "/settings/users/<user_id>/remove"): "admin",
    ("POST", "/settings/users/<user_id>/role"): "admin",
    ("POST", "/settings/users/<user_id>/sign-out"): "admin",
    ("GET", "/audit"): "admin",
    ("GET", "/audit/export"): "admin",
}
# Files of the console itself, and the calls, whose scopes tests/api/test_tokens.py holds against a table.
ELSEWHERE = ("/static/", "/api/")
# What stands in an address, so that it is one of the view's; the rows are not there.
PARTS = {"side": "request", "person_id": 1, "number": 1}
ORDER = [NOBODY, *Role]


def rules(app):
    """Every rule and method, with its address."""
    bound = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(ELSEWHERE):
            continue
        values = {name: PARTS.get(name, "1") for name in rule.arguments}
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, rule.rule, bound.build(rule.endpoint, values, method=method)


def test_every_address_is_in_the_table(app):
    assert {(method, rule) for method, rule, _ in rules(app)} == set(LEAST)


def test_the_views_ask_what_the_table_says(app):
    found = {
        (method, rule.rule): role_asked(app.view_functions[rule.endpoint]) or NOBODY
        for rule in app.url_map.iter_rules()
        for method in rule.methods
        if (method, rule.rule) in LEAST
    }

    assert found == LEAST


def test_nothing_is_changed_by_a_viewer_but_their_own_password():
    """Signing in and out and the box of the built-in receiver aside."""
    changed = [key for key, least in LEAST.items() if key[0] != "GET" and least == Role.VIEWER]

    assert changed == [("POST", "/settings/password")]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_let_in_where_the_table_says_and_nowhere_else(app, signed_in, role):
    browser, let_in = signed_in(role), set()
    for method, rule, address in rules(app):
        if rule == "/logout":
            continue  # it would end the session
        answer = browser.open(address, method=method)
        assert not (answer.location or "").startswith("/login?next"), f"{method} {address}"
        if answer.status_code != 403:
            let_in.add((method, rule))

    expected = {key for key, least in LEAST.items() if ORDER.index(least) <= ORDER.index(role)}
    assert let_in == expected - {("POST", "/logout")}


@pytest.mark.parametrize("is_fragment", [False, True])
def test_a_stranger_is_let_in_only_where_the_table_says(app, client, is_fragment):
    headers, let_in = {"HX-Request": "true"} if is_fragment else {}, set()
    for method, rule, address in rules(app):
        answer = client.open(address, method=method, headers=headers)
        turned_away = answer.status_code == 401 or (answer.location or "").startswith("/login?next")
        if not turned_away and not (answer.status_code == 302 and answer.location == "/login"):
            let_in.add((method, rule))

    # Whoever is not signed in cannot sign out, and is led to where they can sign in.
    assert let_in | {("POST", "/logout")} == {key for key, least in LEAST.items() if least == NOBODY}
