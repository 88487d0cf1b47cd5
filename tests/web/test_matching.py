"""Does every listener of a hook get its reason?"""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.fakes import FixedClock
from webhooks_app.storage.models import Event, Listener
from webhooks_app.web import matching

NOW = FixedClock()()


def event(**columns):
    known = {"id": "e", "hook": "person", "body": '{"name":"Joe"}', "created_at": NOW, "dispatched_at": NOW}
    return Event(**{**known, "deliveries": [], **columns})


def listener(name="Shop", **columns):
    known = {"id": name, "name": name, "filter": {}, "created_at": NOW - timedelta(days=1)}
    return Listener(**{**known, **columns})


@pytest.mark.parametrize(
    "given, one, words",
    [
        ({}, {"filter": {"name": {"is": "Ann"}}}, 'Not matched: name is "Ann"'),
        ({}, {"filter": {"name": {"is": "Joe"}, "age": {"gt": 3}}}, "Not matched: age > 3"),
        ({}, {"filter": {"name": {"sounds": "Joe"}}}, "The filter cannot be read"),
        ({}, {}, "The filter was changed since"),
        ({}, {"created_at": NOW + timedelta(seconds=1)}, "made after this event"),
        ({"dispatched_at": None}, {}, "waits to be matched"),
        ({"test": True}, {}, "A test goes to the listener"),
    ],
)
def test_a_listener_without_a_delivery_gets_its_reason(given, one, words):
    [share] = matching.shares(event(**given), [listener(**one)], sees_values=True)

    assert words in share.why_not and not share.deliveries


def test_what_the_event_held_is_told_unless_the_reader_may_not_see_it():
    asked = [listener(filter={"name": {"is": "Ann"}})]

    [seen] = matching.shares(event(), asked, sees_values=True)
    [unseen] = matching.shares(event(), asked, sees_values=False)

    assert seen.got == '"Joe"' and unseen.got == matching.NOT_SHOWN


def test_a_missing_argument_is_told_as_missing():
    explained = matching.explain({"age": {"gt": 3}}, event(), sees_values=True)

    assert explained.conditions[0].got == "missing" and not explained.holds


def test_who_got_it_comes_first_even_if_deleted_since(make_listener, make_event, make_delivery):
    gone = make_listener(name="Gone", deleted_at=NOW)
    delivery = make_delivery(event=make_event(), listener=gone)
    read = SimpleNamespace(
        body="{}", changes=None, test=False, dispatched_at=NOW,
        deliveries=[SimpleNamespace(listener_id=gone.id, listener=gone, id=delivery.id)],
    )  # fmt: skip

    shares = matching.shares(read, [listener("Another")], sees_values=True)

    assert [share.listener.name for share in shares] == ["Gone", "Another"]


def test_a_long_value_is_cut():
    explained = matching.explain(
        {"name": {"is": "x"}}, event(body='{"name":"%s"}' % ("y" * 900)), sees_values=True
    )

    assert len(explained.conditions[0].got) < 220
