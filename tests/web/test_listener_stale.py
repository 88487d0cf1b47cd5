"""What becomes of a form that was left open while the hook or the listener changed? Nothing is lost in silence."""

import pytest

from tests.web.conftest import text_of
from webhooks_app.storage.queries import listeners as queries

NEW = "/hooks/person/listeners/new"
STALE = {
    "url": "http://127.0.0.1:9999/receiver", "body_format": "plain", "match-nope_cond": "is",
    "match-nope_query": "<x>",
}  # fmt: skip
REFUSAL = "The hook person does not provide &#39;nope&#39;; it provides name, address."


def test_a_condition_on_an_argument_that_is_gone_is_refused(engine, operator):
    answer = operator.post(NEW, data=STALE)

    text = text_of(answer)
    assert answer.status_code == 422 and REFUSAL in text
    assert "nope is &lt;x&gt;" in text  # what was asked for is not lost
    with engine.sessions() as session:
        assert not queries.all(session)


def test_a_listener_is_not_widened_by_an_old_form(operator, engine, make_listener):
    listener = make_listener(filter={"name": {"is": "Joe"}})

    answer = operator.post(f"/listeners/lsn_{listener.id}/edit", data=STALE)

    with engine.sessions() as session:
        stored = queries.one(session, listener.id)
    assert answer.status_code == 422 and stored.filter == {"name": {"is": "Joe"}}


def test_the_preview_says_it_too(operator):
    assert REFUSAL in text_of(operator.post("/listeners/preview", data={**STALE, "hook": "person"}))


@pytest.mark.parametrize("matcher", ["any", ""])
def test_a_row_that_asked_for_nothing_is_no_fault(operator, matcher):
    assert operator.post(NEW, data={**STALE, "match-nope_cond": matcher}).status_code == 303


@pytest.mark.parametrize("version", ["", "x", "-1", "1_0", "\u0661", "1" * 30])
def test_a_form_that_was_made_from_no_version_overwrites_nothing(operator, engine, make_listener, version):
    listener = make_listener(name="Mailer")
    mine = {"url": STALE["url"], "body_format": "plain", "name": "Mine"}

    answer = operator.post(f"/listeners/lsn_{listener.id}/edit", data=mine | {"version": version})

    with engine.sessions() as session:
        stored = queries.one(session, listener.id)
    assert answer.status_code == 409 and stored.name == "Mailer"
    assert f'name="overwrite" value="{listener.version}"' in text_of(answer)


def test_a_program_that_posts_the_promised_fields_alone_changes_a_listener(operator, engine, make_listener):
    listener = make_listener(name="Mailer")

    answer = operator.post(
        f"/listeners/lsn_{listener.id}/edit",
        data={"url": STALE["url"], "body_format": "plain", "name": "Mine"},
    )

    with engine.sessions() as session:
        assert (answer.status_code, queries.one(session, listener.id).name) == (303, "Mine")
