"""Does a box take requests from any machine, within its limits, and answer as it was told?"""

from __future__ import annotations

import io
import time
from contextlib import ExitStack

import pytest

from tests.patience import PATIENCE, SOON
from webhooks_app.engine import echo
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.queries import echo as queries
from webhooks_app.web import echo as door


@pytest.fixture
def app(app):
    """With the check of forms that the other tests of pages go without: a machine has no token."""
    app.config["WTF_CSRF_ENABLED"] = True
    return app


@pytest.fixture
def box(engine):
    return echo.open_box(engine, by=CODE)


def kept(engine, box):
    with engine.sessions() as session:
        return queries.requests(session, box.token)


def test_a_request_is_kept_without_signing_in_under_any_host(client, engine, box):
    answer = client.post(
        f"/echo/{box.token}", data=b'{"a":1}', headers={"Host": "10.1.2.3:99", "X-Own": "mine"}
    )

    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "Set-Cookie" not in answer.headers
    [request] = kept(engine, box)
    assert request.body == b'{"a":1}'
    assert ["X-Own", "mine"] in request.headers


def test_a_form_is_kept_as_its_bytes(client, engine, box):
    client.post(f"/echo/{box.token}", data={"name": "Joe"})

    assert kept(engine, box)[0].body == b"name=Joe"


def test_a_readers_cookies_are_not_kept(operator, engine, box):
    # A page of the same site could send an admin's browser here, and an operator would read the session.
    operator.post(f"/echo/{box.token}", data=b"x")

    assert ["Cookie", "(not kept)"] in kept(engine, box)[0].headers


@pytest.mark.parametrize(
    "told, status, retry_after",
    [("200", 200, None), ("500", 500, None), ("429", 429, "5"), ("410", 410, None)],
)
def test_a_box_answers_as_an_operator_told_it(app, client, engine, box, signed_in, told, status, retry_after):
    app.config["WTF_CSRF_ENABLED"] = False
    chosen = signed_in("operator").post(f"/echo/{box.token}/answer", data={"answer": told})
    app.config["WTF_CSRF_ENABLED"] = True

    answer = client.post(f"/echo/{box.token}", data=b"x")

    assert chosen.status_code == 303
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    assert len(answer.data) < 100
    assert kept(engine, box)[0].answered == status


def test_a_slow_box_takes_its_time(client, engine, box, monkeypatch):
    monkeypatch.setitem(echo.ANSWERS, "slow", echo.Reply(200, delay_seconds=0.05))
    echo.set_answer(engine, box.token, "slow", by=CODE)
    began = time.perf_counter()

    answer = client.post(f"/echo/{box.token}", data=b"x")

    assert answer.status_code == 200
    assert time.perf_counter() - began >= 0.05


def test_slow_answers_leave_threads_for_the_pages(client, engine, box, monkeypatch):
    monkeypatch.setitem(echo.ANSWERS, "slow", echo.Reply(200, delay_seconds=PATIENCE))
    echo.set_answer(engine, box.token, "slow", by=CODE)
    with ExitStack() as taken:
        while door._slow_answers.acquire(blocking=False):
            taken.callback(door._slow_answers.release)
        began = time.perf_counter()

        client.post(f"/echo/{box.token}", data=b"x")

    assert time.perf_counter() - began < SOON


def test_an_answer_that_no_box_knows_is_refused(app, signed_in, engine, box):
    app.config["WTF_CSRF_ENABLED"] = False

    answer = signed_in("operator").post(f"/echo/{box.token}/answer", data={"answer": "302"})

    assert answer.status_code == 422
    assert "one of 200, 500" in answer.text


def test_only_the_receiving_is_free_of_the_forms_check(operator, box):
    assert operator.post(f"/echo/{box.token}/clear").status_code == 400
    assert operator.post("/echo").status_code == 400


def test_a_body_up_to_the_limit_is_kept_and_a_larger_one_is_not(client, engine, box):
    assert client.post(f"/echo/{box.token}", data=b"x" * 256 * 1024).status_code == 200

    answer = client.post(f"/echo/{box.token}", data=b"x" * (256 * 1024 + 1))

    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    assert "Set-Cookie" not in answer.headers
    assert len(kept(engine, box)) == 1


@pytest.mark.parametrize("size, status", [(256 * 1024, 200), (256 * 1024 + 1, 413), (400_000, 413)])
def test_a_body_that_does_not_say_its_length_has_the_same_limit(client, engine, box, size, status):
    chunked = {
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(b"x" * size),
        "HTTP_TRANSFER_ENCODING": "chunked",
    }

    answer = client.post(f"/echo/{box.token}", environ_overrides=chunked)

    assert answer.status_code == status
    assert [len(one.body) for one in kept(engine, box)] == ([size] if status == 200 else [])


@pytest.mark.parametrize("token", ["x" * 43, "short", "x" * 500])
def test_an_unknown_box_is_not_there_in_plain_words(client, token):
    answer = client.post(f"/echo/{token}", data=b"x")

    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text == "There is no such box.\n"
