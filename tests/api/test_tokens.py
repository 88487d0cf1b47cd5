"""Who may make which call? Every call with every scope, from the application's own URL map."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.api.conftest import calling
from webhooks_app.engine.accounts import create_token, revoke_token
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.people import ApiToken, AuditEntry, Scope

# What a scope may not do; written out, so that a call cannot become weaker unnoticed.
ASKED = {
    ("GET", "/hooks"): "read",
    ("GET", "/hooks/<name>"): "read",
    ("POST", "/hooks/<name>/events"): "publish",
    ("POST", "/hooks/<name>/events/batch"): "publish",
    ("GET", "/events"): "read",
    ("GET", "/events/<event_id>"): "read",
    ("GET", "/events/<event_id>/why"): "read",
    ("GET", "/listeners"): "read",
    ("POST", "/listeners"): "write",
    ("GET", "/listeners/<listener_id>"): "read",
    ("PATCH", "/listeners/<listener_id>"): "write",
    ("DELETE", "/listeners/<listener_id>"): "write",
    ("POST", "/listeners/<listener_id>/pause"): "write",
    ("POST", "/listeners/<listener_id>/resume"): "write",
    ("POST", "/listeners/<listener_id>/test"): "write",
    ("POST", "/listeners/<listener_id>/rotate-secret"): "write",
    ("GET", "/deliveries"): "read",
    ("GET", "/deliveries/<delivery_id>"): "read",
    ("POST", "/deliveries/<delivery_id>/retry"): "write",
    ("POST", "/deliveries/<delivery_id>/cancel"): "write",
}


def calls_of(app):
    return {
        (method, rule.rule.removeprefix("/api/v1"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def path_of(rule):
    return rule.replace("<name>", "person").replace("<", "").replace(">", "")


def test_every_call_is_in_the_table(app):
    assert calls_of(app) == set(ASKED)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_does_what_its_scope_includes_and_nothing_else(app, caller, scope):
    call = caller(scope)

    allowed = {
        (method, rule) for method, rule in ASKED if call(method, path_of(rule)).status_code not in (401, 403)
    }

    order = list(Scope)
    assert allowed == {key for key, asked in ASKED.items() if order.index(asked) <= order.index(scope)}


def test_without_a_token_there_is_nothing_but_the_document(app):
    stranger, prefix = app.test_client(), "/api/v1"
    calls = {("GET", "/openapi.json"), *ASKED}

    answered = {
        key for key in calls if stranger.open(prefix + path_of(key[1]), method=key[0]).status_code != 401
    }

    assert answered == {("GET", "/openapi.json")}  # what it says, the source says to everybody
    assert {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(prefix)} == {
        prefix + rule for _, rule in calls
    }


def test_the_missing_scope_is_named(read):
    answer = read("POST", "/listeners", json={})

    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"
    assert answer.json["scope"] == "write"
    assert 'scope="write"' in answer.headers["WWW-Authenticate"]
    assert '"write"' in answer.json["detail"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",  # another scheme
        "Bearer whk_",  # the prefix alone
        "Bearer é",  # compare_digest refuses text that is not ASCII
        "Bearer " + "x" * 5000,
        "whk_without_the_scheme",
    ],
)
def test_a_call_without_a_good_token_is_answered_401(app, header):
    headers = {} if header is None else {"Authorization": header}

    answer = app.test_client().get("/api/v1/hooks", headers=headers)

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "Send a token"),
        ("Basic dXNlcjpwYXNz", "Send a token"),  # there was none that could be unknown
        ("Bearer whk_unknown", "This token is not known"),
    ],
)
def test_what_is_missing_or_wrong_about_the_token_is_told(app, header, detail):
    headers = {} if header is None else {"Authorization": header}

    answer = app.test_client().get("/api/v1/hooks", headers=headers)

    assert answer.json["detail"].startswith(detail)
    assert ("error=" in answer.headers["WWW-Authenticate"]) == ("not known" in detail)


@pytest.mark.parametrize("header", [None, "Bearer whk_", "Bearer whk_" + "a" * 43])
def test_without_its_tables_the_database_is_told_of_and_not_the_token(app, header):
    with app.extensions["webhooks"].sa_engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE webhooks_api_tokens"))
    headers = {} if header is None else {"Authorization": header}

    answer = app.test_client().get("/api/v1/hooks", headers=headers)

    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert "Run `flask --app wsgi webhooks migrate`" in answer.json["detail"]


def test_the_scheme_may_be_written_in_any_case(app, engine):
    token = create_token(engine, "a", "read", by=CODE).token

    answer = app.test_client().get("/api/v1/hooks", headers={"Authorization": f"bearer {token}"})

    assert answer.status_code == 200


def test_a_token_in_the_url_is_not_looked_at(app, engine, read):
    token = create_token(engine, "a", "write", by=CODE).token

    assert app.test_client().get(f"/api/v1/hooks?token={token}").status_code == 401
    assert app.test_client().get(f"/api/v1/hooks?access_token={token}").status_code == 401
    assert read("GET", f"/hooks?token={token}").status_code == 200
    assert read("POST", f"/listeners?token={token}", json={}).status_code == 403


def test_the_session_of_the_pages_opens_nothing_here(app, engine):
    user = factories.make_user(engine, role="admin")
    browser = app.test_client()
    now = int(engine.clock().timestamp())
    with browser.session_transaction() as session:
        session.update(_user_id=user.get_id(), _fresh=True, signed_in_at=now, seen_at=now)

    assert browser.get("/api/v1/hooks").status_code == 401
    assert browser.post("/api/v1/listeners", json={}).status_code == 401


def test_no_call_needs_a_csrf_token_or_sets_a_cookie(app, publish):
    assert app.config["WTF_CSRF_ENABLED"]

    answer = publish("POST", "/hooks/person/events", json={"payload": {}})

    assert answer.status_code == 202
    assert "Set-Cookie" not in answer.headers


def test_a_revoked_token_is_refused_at_once(app, engine):
    made = create_token(engine, "a", "read", by=CODE)
    call = calling(app, made.token)
    assert call("GET", "/hooks").status_code == 200

    revoke_token(engine, made.row.id, by=CODE)

    assert call("GET", "/hooks").status_code == 401


def test_an_expired_token_is_refused(caller, engine, clock):
    call = caller("read", expires_at=engine.clock() + timedelta(hours=1))
    assert call("GET", "/hooks").status_code == 200

    clock.tick(3600)

    assert call("GET", "/hooks").status_code == 401


def test_the_last_use_of_a_token_is_noted(engine, read):
    read("GET", "/hooks")

    with engine.sessions() as session:
        assert session.query(ApiToken).one().last_used_at == engine.clock()


def test_what_a_token_does_is_noted_under_its_name(engine, write, make_listener):
    listener = make_listener()

    write("POST", f"/listeners/lsn_{listener.id}/pause", headers={"X-Request-Id": "request-1234"})

    with engine.sessions() as session:
        entry = session.query(AuditEntry).filter_by(act="pause").one()
    assert (entry.actor, entry.object_id, entry.request_id) == (
        "token write token",
        listener.id,
        "request-1234",
    )
