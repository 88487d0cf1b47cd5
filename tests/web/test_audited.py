"""Does every address that changes something leave its entry in the audit log? Row 70 of the security plan.

Every rule of the URL map that takes another method than GET, of the pages and of the API, is either tried here or
stands among those without an entry, with its reason.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import factories
from tests.web.conftest import client_of
from webhooks_app.engine import accounts, echo
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.people import AuditEntry

PASSWORD = "correct horse battery"
API = "/api/v1"
READING = {"GET", "HEAD", "OPTIONS"}

_ITS_OWN_RECORD = "an event is its own record: it keeps who sent it, and when"
_NOT_OURS = "the demo stands for an application, whose rows are its own; what changes is an event"

WITHOUT = {
    ("POST", "/hooks/<name>/events/new"): _ITS_OWN_RECORD,
    ("POST", f"{API}/hooks/<name>/events"): _ITS_OWN_RECORD,
    ("POST", f"{API}/hooks/<name>/events/batch"): _ITS_OWN_RECORD,
    ("POST", "/echo/<token>"): "a machine that nobody knows sends there; the box keeps what came",
    ("POST", "/listeners/preview"): "it changes nothing: a form asks what it would do",
    ("POST", "/demo/orders"): _NOT_OURS,
    ("POST", "/demo/people"): _NOT_OURS,
    ("POST", "/demo/people/<int:person_id>"): _NOT_OURS,
    ("POST", "/demo/people/<int:person_id>/delete"): _NOT_OURS,
    ("POST", "/demo/people/<int:person_id>/greet"): _NOT_OURS,
}

URL = "https://example.com/hear"

# What is sent, and the acts that are to be in the log then, each with the kind of its object.
ACTS = {
    ("POST", "/login"): ({"email": "ann@example.com", "password": PASSWORD}, ["sign-in user"]),
    ("POST", "/login/<token>"): ({}, ["sign-in user"]),
    ("POST", "/logout"): ({}, ["sign-out user"]),
    ("POST", "/dashboard/try"): ({}, ["create echo box", "create listener", "test listener"]),
    ("POST", "/hooks/<name>/listeners/new"): ({"url": URL}, ["create listener"]),
    ("POST", "/listeners/<listener_id>/edit"): (
        {"url": URL, "name": "Another", "version": "1"},
        ["change listener"],
    ),
    ("POST", "/listeners/<listener_id>/delete"): ({}, ["delete listener"]),
    ("POST", "/listeners/<listener_id>/pause"): ({}, ["pause listener"]),
    ("POST", "/listeners/<listener_id>/resume"): ({}, ["resume listener"]),
    ("POST", "/listeners/<listener_id>/rotate-secret"): ({}, ["rotate-secret listener"]),
    ("POST", "/listeners/<listener_id>/test"): ({}, ["test listener"]),
    ("POST", "/deliveries/retry"): ({"id": "delivery_id"}, ["retry delivery"]),
    ("POST", "/deliveries/<delivery_id>/retry"): ({}, ["retry delivery"]),
    ("POST", "/deliveries/<delivery_id>/cancel"): ({}, ["cancel delivery"]),
    ("POST", "/echo"): ({}, ["create echo box"]),
    ("POST", "/echo/<token>/answer"): ({"answer": "500"}, ["change echo box"]),
    ("POST", "/echo/<token>/clear"): ({}, ["clear echo box"]),
    ("POST", "/settings/password"): (
        {"current_password": PASSWORD, "password": f"another {PASSWORD}"},
        ["set-password user"],
    ),
    ("POST", "/settings/tokens"): ({"name": "shop", "scope": "read"}, ["create token"]),
    ("POST", "/settings/tokens/<token_id>/revoke"): ({}, ["revoke token"]),
    ("POST", "/settings/users"): (
        {"email": "bo@example.com", "role": "viewer"},
        ["create user", "sign-in-link user"],
    ),
    ("POST", "/settings/users/<user_id>/link"): ({}, ["sign-in-link user"]),
    ("POST", "/settings/users/<user_id>/password"): ({}, ["void-password user", "sign-in-link user"]),
    ("POST", "/settings/users/<user_id>/role"): ({"role": "operator"}, ["change user"]),
    ("POST", "/settings/users/<user_id>/sign-out"): ({}, ["sign-out-everywhere user"]),
    ("POST", "/settings/users/<user_id>/remove"): ({}, ["delete user"]),
    ("POST", f"{API}/listeners"): ({"hook": "person", "url": URL}, ["create listener"]),
    ("PATCH", f"{API}/listeners/<listener_id>"): ({"name": "Another"}, ["change listener"]),
    ("DELETE", f"{API}/listeners/<listener_id>"): (None, ["delete listener"]),
    ("POST", f"{API}/listeners/<listener_id>/pause"): (None, ["pause listener"]),
    ("POST", f"{API}/listeners/<listener_id>/resume"): (None, ["resume listener"]),
    ("POST", f"{API}/listeners/<listener_id>/rotate-secret"): (None, ["rotate-secret listener"]),
    ("POST", f"{API}/listeners/<listener_id>/test"): (None, ["test listener"]),
    ("POST", f"{API}/deliveries/<delivery_id>/retry"): (None, ["retry delivery"]),
    ("POST", f"{API}/deliveries/<delivery_id>/cancel"): (None, ["cancel delivery"]),
}


@pytest.fixture
def admin(engine):
    return accounts.create_user(engine, "admin@example.com", "admin", password=PASSWORD, by=CODE)


@pytest.fixture
def ann(engine):
    return accounts.create_user(engine, "ann@example.com", "viewer", password=PASSWORD, by=CODE)


@pytest.fixture
def parts(engine, ann, admin):
    """The parts of addresses, each of a row that the act can be done to."""

    def made(rule):
        is_box = rule.startswith("/echo")
        stopped = rule.endswith("/resume")
        status = "failed" if rule.endswith("retry") else "retrying"
        listener = factories.make_listener(engine, url=URL, state="paused" if stopped else "active")
        delivery = factories.make_delivery(engine, listener=listener, status=status)
        token = echo.open_box(engine, by=CODE).token if is_box else accounts.sign_in_link(engine, by=CODE)
        return {
            "name": "person", "token": token, "listener_id": f"lsn_{listener.id}",
            "delivery_id": f"dlv_{delivery.id}", "user_id": ann.id,
            "token_id": accounts.create_token(engine, "a", "read", by=CODE).row.id,
        }  # fmt: skip

    return made


def entries(engine, *, beside=frozenset()):
    with engine.sessions() as session:
        return [one for one in session.scalars(sa.select(AuditEntry)).all() if one.id not in beside]


def test_every_address_that_changes_something_is_in_one_of_the_tables(app):
    found = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - READING
    }

    assert found == ACTS.keys() | WITHOUT.keys()
    assert not ACTS.keys() & WITHOUT.keys()


@pytest.mark.parametrize(("method", "rule"), ACTS)
def test_what_changes_something_is_in_the_log(app, engine, admin, parts, method, rule):
    values = parts(rule)
    form, acts = ACTS[method, rule]
    given = {key: values.get(value, value) for key, value in form.items()} if form is not None else None
    address = rule
    for name, value in values.items():
        address = address.replace(f"<{name}>", value)
    bearer = accounts.create_token(engine, "shop", "write", by=CODE).token
    is_api = rule.startswith(API)
    browser = app.test_client() if is_api or rule.startswith("/login") else client_of(app, admin)
    body = {"json": given, "headers": {"Authorization": f"Bearer {bearer}"}} if is_api else {"data": given}
    before = {one.id for one in entries(engine)}

    answer = browser.open(address, method=method, environ_base={"REMOTE_ADDR": "192.0.2.7"}, **body)

    assert answer.status_code < 400, answer.text
    noted = entries(engine, beside=before)
    assert sorted(f"{one.act} {one.object_type}" for one in noted) == sorted(acts)
    for one in noted:
        assert (one.ip, one.request_id) == ("192.0.2.7", answer.headers["X-Request-Id"])
        assert one.actor == who(rule, is_api)


def who(rule, is_api):
    if is_api:
        return "token shop"
    return "ann@example.com" if rule == "/login" else "admin@example.com"


@pytest.mark.parametrize(("method", "rule"), WITHOUT)
def test_what_stands_beside_leaves_no_entry(app, engine, admin, parts, method, rule):
    before = entries(engine)
    address = rule.replace("<int:person_id>", "1").replace("<name>", "person").replace("<token>", "x")

    client_of(app, admin).open(address, method=method)

    assert len(entries(engine)) == len(before)
