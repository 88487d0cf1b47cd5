"""Is a listener of which something cannot be read any more edited without losing the rest of it?"""

import pytest
import sqlalchemy as sa

from tests.web.conftest import page, text_of
from tests.web.test_listener_form import edit, typed
from webhooks_app.storage.models import Listener

URL = "http://127.0.0.1:9999/receiver"
BROKEN = {"name": {"sounds": "Joe"}}


@pytest.fixture
def stored(engine):
    def read(listener):
        with engine.sessions() as session:
            return session.get_one(Listener, listener.id)

    return read


@pytest.fixture
def listener(make_listener):
    return make_listener(
        url=URL,
        filter={"name": {"is": "Joe"}},
        headers={"x-key": "one"},
        timeout_seconds=7,
        sends_in_flight=3,
    )


@pytest.fixture
def spoil(engine):
    def spoil(listener, **columns):
        with engine.sessions.begin() as session:
            session.execute(sa.update(Listener).where(Listener.id == listener.id).values(**columns))

    return spoil


def test_headers_that_cannot_be_read_leave_the_filter_and_the_settings(operator, listener, spoil, stored):
    spoil(listener, headers_sealed="of another key")

    text = page(operator, edit(listener))
    operator.post(edit(listener), data={**typed(text), "name": "Renamed"})

    after = stored(listener)
    assert "headers cannot be read" in text
    assert (after.name, after.filter) == ("Renamed", {"name": {"is": "Joe"}})
    assert (after.timeout_seconds, after.sends_in_flight) == (7, 3)


def test_a_filter_that_cannot_be_read_is_shown_to_be_mended(operator, listener, spoil, stored):
    spoil(listener, filter=BROKEN)

    text = page(operator, edit(listener))
    data = typed(text)
    refused = operator.post(edit(listener), data=data)
    mended = operator.post(edit(listener), data={**data, "filter_json": '{"name": {"startswith": "J"}}'})

    assert "filter cannot be read" in text
    assert "sounds" in data["filter_json"]
    assert (refused.status_code, mended.status_code) == (422, 303)
    assert stored(listener).filter == {"name": {"startswith": "J"}}
    assert stored(listener).timeout_seconds == 7


def test_a_broken_filter_is_not_replaced_by_every_event_unasked(operator, listener, spoil, stored):
    spoil(listener, filter=BROKEN)
    data = {**typed(page(operator, edit(listener))), "filter_json": ""}

    refused = operator.post(edit(listener), data=data)
    said = operator.post(edit(listener), data={**data, "filter_json": "{}"})

    assert refused.status_code == 422
    assert "none would mean every event" in text_of(refused)
    assert said.status_code == 303
    assert stored(listener).filter == {}
