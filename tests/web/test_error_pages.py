"""What does a page say when it cannot be shown?"""

import sqlite3
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import abort

from tests.build import settings_for
from tests.web.conftest import page
from webhooks_app.application import make_console
from webhooks_app.registry import hooks
from webhooks_app.storage import migrations
from webhooks_app.storage.base import Base
from webhooks_app.web.identity import open_to_all


@pytest.fixture
def built_console(tmp_path):
    """A console for each test here: pages are added to it, and what it knows of the queue is fresh."""
    before = hooks._port
    yield make_console(settings_for(tmp_path), caller_session=lambda: None)
    hooks._port = before


@pytest.fixture
def broken(app):
    """The console with pages that fail in each way, open to all."""
    ways = {
        "crash": lambda: 1 / 0,
        "busy": lambda: _raise("database is locked", sqlite3.SQLITE_BUSY),
        "full": lambda: _raise("database or disk is full", sqlite3.SQLITE_FULL),
        "away": lambda: _raise("unable to open database file", sqlite3.SQLITE_CANTOPEN),
        "unkeepable": _raise_data_error,
        "type": lambda: abort(415),
        "large": lambda: abort(413),
    }
    for name, act in ways.items():
        app.add_url_rule(f"/broken/{name}", endpoint=f"broken_{name}", view_func=open_to_all(act))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


def _raise(sentence, code):
    cause = sqlite3.OperationalError(sentence)
    cause.sqlite_errorcode = code
    raise sa.exc.OperationalError("SELECT 1", {}, cause)


def _raise_data_error():
    raise sa.exc.DataError("SELECT 1", {}, ValueError("text fields cannot contain NUL (0x00) bytes"))


def test_what_the_database_cannot_keep_is_the_senders_fault(broken):
    answer = broken.test_client().get("/broken/unkeepable")

    assert answer.status_code == 400
    assert "cannot be kept" in answer.text


def test_a_page_that_is_not_there_says_so(viewer):
    answer = viewer.get("/no-such-page")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_crash_tells_nothing_but_an_id(broken, caplog):
    answer = broken.test_client().get("/broken/crash")

    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert answer.headers["X-Request-Id"] in caplog.text


@pytest.mark.parametrize(
    ("way", "code", "sentence"),
    [
        ("busy", 503, "The database is busy."),
        ("full", 503, "The disk of the database is full, so nothing was stored."),
        ("away", 503, "The database does not answer."),
        ("large", 413, "That is too large"),
        ("type", 415, "The request could not be understood"),
    ],
)
def test_each_way_to_fail_has_a_sentence(broken, way, code, sentence):
    with broken.extensions["webhooks"].sa_engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE {migrations.VERSION_TABLE} (version_num VARCHAR(32))"))
        connection.execute(sa.text(f"INSERT INTO {migrations.VERSION_TABLE} VALUES ('{migrations.head()}')"))

    answer = broken.test_client().get(f"/broken/{way}")

    assert answer.status_code == code
    assert sentence in answer.text


def test_a_database_without_tables_names_the_command(viewer, engine):
    with engine.sessions.begin() as session:
        Base.metadata.drop_all(session.connection())

    answer = viewer.get("/hooks")

    assert answer.status_code == 503
    assert "flask --app wsgi webhooks migrate" in answer.text


def test_the_sign_in_page_says_so_too_instead_of_asking_for_a_name(client, engine):
    with engine.sessions.begin() as session:
        Base.metadata.drop_all(session.connection())

    answer = client.get("/login")

    assert answer.status_code == 503
    assert "flask --app wsgi webhooks migrate" in answer.text


@pytest.mark.parametrize("data", [{}, {"csrf_token": "made up"}])
def test_a_form_without_a_good_token_is_refused_with_what_was_typed(app, operator, data):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = operator.post("/hooks/person/listeners/new", data={"url": "https://example.com/x", **data})

    assert answer.status_code == 400
    assert "This form has expired. Reload the page and try again." in answer.text
    assert "https://example.com/x" in answer.text
    assert "made up" not in answer.text


@pytest.mark.parametrize("referrer, back", [
    ("http://localhost/listeners/new?hook=person", "/listeners/new?hook=person"),
    ("", "/hooks/person/listeners/new"),
    ("http://[", "/hooks/person/listeners/new"),
    ("https://elsewhere.example.com/x", "/hooks/person/listeners/new"),
    ("http://localhost//elsewhere.example.com/x", "/elsewhere.example.com/x"),
])  # fmt: skip
def test_an_expired_form_leads_back_to_itself_and_to_no_other_site(app, operator, referrer, back):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = operator.post("/hooks/person/listeners/new", headers={"Referer": referrer})

    assert f'href="{back}">Back to the form</a>' in answer.text


def test_an_act_without_a_page_of_its_own_leads_to_the_dashboard_alone(app, operator, make_listener):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = operator.post(f"/listeners/lsn_{make_listener().id}/pause")

    assert "Back to the form" not in answer.text and "Go to the dashboard" in answer.text


def test_what_is_secret_is_not_shown_again(app, client):
    app.config["WTF_CSRF_ENABLED"] = True

    answer = client.post("/login", data={"email": "elena@example.com", "password": "correct horse"})

    assert "elena@example.com" in answer.text
    assert "correct horse" not in answer.text


def test_an_unknown_hook_leads_to_those_there_are(viewer):
    answer = viewer.get("/hooks/no.such")

    assert answer.status_code == 404
    assert 'href="/hooks/person"' in answer.text


def test_the_api_answers_in_its_own_form(client):
    answer = client.get("/api/v1/no-such-call")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_queue_that_is_away_is_told_on_every_page(app, operator, queue):
    queue.is_down = True

    assert "Redis does not answer." in page(operator, "/hooks")


def test_a_queue_that_answers_but_takes_nothing_is_told_too(app, operator, queue):
    queue.refuses = "OOM command not allowed when used memory > 'maxmemory'."

    text = page(operator, "/system")
    assert "Redis takes nothing: its memory or disk is full" in text
    assert "Redis does not answer" not in text


def test_storage_that_is_nearly_full_is_told_on_every_page(app, operator):
    found = app.extensions["webhooks"]
    settings = replace(found.settings, min_free_bytes=2**50)
    app.extensions["webhooks"] = replace(found, engine=replace(found.engine, settings=settings))

    text = page(operator, "/hooks")
    assert "Storage is nearly full:" in text and "lower WEBHOOKS_MIN_FREE_BYTES" in text


def test_a_console_inside_another_application_warns_of_its_sqlite(app, operator):
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], url_prefix="/webhooks")

    assert "Use PostgreSQL before it gets busy." in page(operator, "/hooks")


def test_the_icon_turns_red_while_a_listener_is_in_trouble(operator, make_listener):
    assert "favicon-bad" not in page(operator, "/hooks")

    make_listener(state="failing")

    assert "favicon-bad" in page(operator, "/hooks")
