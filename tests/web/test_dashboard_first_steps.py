"""Does a fresh installation lead to the first delivered event, by one button, and then get out of the way?"""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from tests.web.conftest import page, text_of
from tests.web.test_dashboard import all_runs, nothing_is_kept  # noqa: F401 (fixtures)
from webhooks_app.storage.models import Delivery, Listener, Status

BUTTON = "Create an echo listener and send a test event"


def steps(text):
    """Each step with whether it is done."""
    found = re.findall(r"<li class=\"([^\"]*)\">.*?<span>(.*?)</span>", re.search(r"<ol.*?</ol>", text)[0])
    return [(name, done == "is-done") for done, name in found]


def rows(engine, model):
    with engine.sessions() as session:
        return session.scalars(sa.select(model)).all()


def test_nothing_is_ticked_that_is_not_so(operator, queue):
    without_workers = page(operator, "/")
    queue.is_down = True
    without_redis = page(operator, "/")

    assert [done for _, done in steps(without_workers)] == [True, True, False, False, False]
    assert [done for _, done in steps(without_redis)] == [True, False, False, False, False]
    assert "flask --app wsgi webhooks worker" in without_workers
    assert "REDIS_URL" in without_redis and "webhooks worker" not in without_redis


def test_a_viewer_gets_no_button(viewer, operator):
    assert BUTTON in page(operator, "/") and BUTTON not in page(viewer, "/")
    assert viewer.post("/dashboard/try").status_code == 403


def test_without_a_hook_the_button_waits(operator, hooks):
    for hook in list(hooks.values()):
        hooks.unregister(hook)

    text = page(operator, "/")

    assert steps(text)[0] == ("A hook is registered", False) and BUTTON not in text
    assert operator.post("/dashboard/try", follow_redirects=True).status_code == 200


def test_one_click_opens_a_box_and_sends_a_test_there(operator, engine, queue):
    answer = operator.post("/dashboard/try")

    listener, delivery = rows(engine, Listener)[0], rows(engine, Delivery)[0]
    assert answer.status_code == 303 and answer.location == f"/deliveries/dlv_{delivery.id}"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/echo/[\w-]{43}", listener.url)
    assert (listener.hook, listener.name, delivery.test) == ("person", "Echo receiver", True)
    assert queue.pushed_ids == [delivery.id]
    assert operator.post(urlsplit(listener.url).path).status_code == 200
    # Its secret is shown once, on its page.
    assert "whsec_" in page(operator, f"/listeners/lsn_{listener.id}")


def test_a_second_click_makes_no_second_listener(operator, engine):
    operator.post("/dashboard/try")
    operator.post("/dashboard/try")

    assert len(rows(engine, Listener)) == 1 and len(rows(engine, Delivery)) == 2


def test_a_receiver_that_the_settings_refuse_is_told(app, operator, engine):
    console = app.extensions["webhooks"]
    refusing = replace(engine, policy=replace(engine.policy, allowed_networks=()))
    app.extensions["webhooks"] = replace(console, engine=refusing)

    answer = operator.post("/dashboard/try", follow_redirects=True)

    assert "The test was not sent." in text_of(answer) and rows(engine, Listener) == []


@pytest.mark.usefixtures("all_runs")
def test_a_test_on_its_way_can_be_watched(operator, make_delivery):
    delivery = make_delivery(status=Status.RETRYING, test=True)

    text = page(operator, "/")

    assert [done for _, done in steps(text)] == [True, True, True, True, False]
    assert f'href="/deliveries/dlv_{delivery.id}">Look at the delivery' in text and "Retrying" in text


@pytest.mark.usefixtures("all_runs")
def test_the_steps_are_gone_once_something_was_delivered(operator, make_delivery):
    make_delivery(status=Status.DELIVERED, test=True)

    assert "First steps" not in page(operator, "/")
