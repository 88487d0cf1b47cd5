"""Does the demo page save like an application, and say which event it sent?"""

import re

import pytest
import sqlalchemy as sa

from tests.web.conftest import page
from webhooks_app import demo
from webhooks_app.engine import outbox, sources
from webhooks_app.engine.port import EnginePort
from webhooks_app.registry import hooks
from webhooks_app.storage.models import Event


@pytest.fixture
def engine(engine):
    """The engine of fakes, with the demo's hooks bound to it as in the application."""
    bound_before = hooks._port
    hooks.bind(EnginePort(engine))
    outbox.listen()
    sources.listen()
    for hook in (demo.order_placed, hooks["person"], hooks["person.deleted"], hooks["person.greeted"]):
        engine.hooks._hooks[hook.name] = hook
    yield engine
    hooks._port = bound_before


def sent(engine):
    with engine.sessions() as session:
        return session.execute(sa.select(Event.hook, Event.body).order_by(Event.id)).all()


@pytest.fixture
def rebound(app, engine):
    """The application's own engine was bound while it was built."""
    hooks.bind(EnginePort(engine))


def test_the_page_shows_three_people_who_sent_nothing(operator, engine, rebound):
    assert re.findall(r'id="person-(\d)"', page(operator, "/demo")) == ["1", "2", "3"]
    assert sent(engine) == []


def test_every_id_of_the_page_stands_once(operator, app, engine, rebound):
    app.config["WTF_CSRF_ENABLED"] = True

    found = re.findall(r' id="([^"]+)"', page(operator, "/demo?edit=1"))

    assert sorted(found) == sorted(set(found)) and "edit-name" in found


@pytest.mark.parametrize("number", [4, 2**31 - 1, 2**31, 99999999999999999999])
@pytest.mark.parametrize("act", ["", "/delete", "/greet"])
def test_nobody_has_such_a_number(operator, engine, rebound, number, act):
    answer = operator.post(f"/demo/people/{number}{act}", data={"name": "Jane", "address": "Boston"})

    assert answer.status_code == 404


def test_changing_a_person_sends_an_event_and_links_to_it(operator, engine, rebound):
    page(operator, "/demo")

    answer = operator.post(
        "/demo/people/1", data={"name": "Jane", "address": "Boston"}, follow_redirects=True
    )

    assert sent(engine) == [("person", '{"name":"Jane","address":"Boston","created":false}')]
    assert re.search(r'Changed Jane\. <a href="/events/evt_[0-9a-f]{32}">', answer.text)


def test_saving_without_a_change_sends_nothing_and_says_so(operator, engine, rebound):
    page(operator, "/demo")

    answer = operator.post(
        "/demo/people/3", data={"name": "Susan Ross", "address": "Boston"}, follow_redirects=True
    )

    assert sent(engine) == []
    assert "nothing was sent" in answer.text


@pytest.mark.parametrize(
    ("url", "data", "hook"),
    [
        ("/demo/people", {"name": "Joe", "address": "Rome"}, "person"),
        ("/demo/people/2/delete", {}, "person.deleted"),
        ("/demo/people/2/greet", {}, "person.greeted"),
        (
            "/demo/orders",
            {"customer": "acme", "total": "12.5", "country": "NO", "paid": "y"},
            "order.placed",
        ),
    ],
)
def test_each_act_sends_its_hook(operator, engine, rebound, url, data, hook):
    page(operator, "/demo")

    assert operator.post(url, data=data).status_code == 303

    assert [name for name, _ in sent(engine)] == [hook]


def test_a_refused_form_keeps_what_was_typed(operator, engine, rebound):
    answer = operator.post("/demo/people", data={"name": "", "address": "Rome"})

    assert answer.status_code == 422
    assert 'value="Rome"' in answer.text
    assert "Write a name." in answer.text
    assert sent(engine) == []


def test_a_refused_change_is_told_beside_its_field(operator, engine, rebound):
    answer = operator.post("/demo/people/1", data={"name": "", "address": "Rome"})

    assert answer.status_code == 422
    assert re.search(
        r'id="edit-name"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*id="edit-name"', answer.text
    )
    assert re.search(r'id="edit-name-error">.*?Write a name\.', answer.text)
    assert answer.text.count("Write a name.") == 1


@pytest.mark.parametrize(
    ("total", "sentence"),
    [
        ("", "Write a number, such as 12.5."),
        ("much", "Write a number, such as 12.5."),
        ("-1", "Write a number from 0 to 1,000,000."),
        ("nan", "Write a number, such as 12.5."),
        ("1_0", "Write a number, such as 12.5."),
        ("\u0661\u0660", "Write a number, such as 12.5."),
    ],
)
def test_a_bad_total_is_told_in_one_sentence(operator, rebound, total, sentence):
    text = operator.post("/demo/orders", data={"customer": "acme", "total": total}).text

    assert re.search(rf'id="total-error">.*?</svg>{re.escape(sentence)}</p>', text)


@pytest.mark.parametrize(
    ("act", "said"), [("delete", "Deleted Elaine Benes."), ("greet", "Greeted Elaine Benes.")]
)
def test_what_was_done_says_to_whom(operator, rebound, act, said):
    page(operator, "/demo")

    assert said in operator.post(f"/demo/people/2/{act}", follow_redirects=True).text


def test_a_viewer_changes_nothing(viewer, engine, rebound):
    assert "Add a person" not in page(viewer, "/demo")
    assert viewer.post("/demo/people/1/delete").status_code == 403


def test_a_person_who_is_gone_is_a_page_of_its_own(operator, rebound):
    assert operator.post("/demo/people/99/delete").status_code == 404
