"""Is a listener that code declares kept once, however often and by however many processes?"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.engine.certificates import Authority
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import CODE, Actor
from webhooks_app.errors import NotRegistered, Refused, SecretUnavailable
from webhooks_app.event import Hook
from webhooks_app.match import Startswith
from webhooks_app.storage.models import Listener, Secret

URL = "http://127.0.0.1:8000/receiver"
GIVEN = "whsec_" + "A" * 32


def draft(engine, url=URL, **settings):
    return engine.hooks["person"].listener(url=url, **settings)


def count(engine, entity=Listener):
    with engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(entity))


def test_saving_twice_keeps_one_listener(any_engine):
    first = listeners.save_declared(any_engine, draft(any_engine).match(name="Joe"))
    second = listeners.save_declared(
        any_engine, draft(any_engine, "HTTP://127.0.0.1:8000/receiver").match(name="Joe")
    )

    assert (first.id, count(any_engine)) == (second.id, 1)


@pytest.mark.parametrize("is_there", [False, True])
def test_an_authority_that_has_expired_stops_no_start_and_is_said(engine, clock, tmp_path, caplog, is_there):
    pem = Authority(tmp_path).pem
    clock.now = datetime.now(UTC)
    if is_there:
        listeners.save_declared(engine, draft(engine, trusted_ca=pem))
    clock.tick(2 * 86400)
    caplog.clear()

    saved = listeners.save_declared(engine, draft(engine, trusted_ca=pem, name="Till"))

    assert (saved.trusted_ca, count(engine)) == (pem, 1)
    assert "of person: The authority CN=Test authority, which this listener trusts, expired on" in caplog.text


def test_another_url_or_filter_is_another_listener(any_engine):
    listeners.save_declared(any_engine, draft(any_engine).match(name="Joe"))
    listeners.save_declared(any_engine, draft(any_engine).match(name=Startswith("J")))
    listeners.save_declared(any_engine, draft(any_engine, URL + "/2").match(name="Joe"))

    assert count(any_engine) == 3


def test_the_secret_can_be_read_only_when_just_made(any_engine):
    made = listeners.save_declared(any_engine, draft(any_engine))
    again = listeners.save_declared(any_engine, draft(any_engine))

    assert made.secret.startswith("whsec_")
    with pytest.raises(SecretUnavailable, match="shown once"):
        _ = again.secret


def test_a_given_secret_can_be_read_and_is_the_listeners_own(any_engine, clock):
    listeners.save_declared(any_engine, draft(any_engine))

    for _ in range(2):
        assert listeners.save_declared(any_engine, draft(any_engine, secret=GIVEN)).secret == GIVEN

    with any_engine.sessions() as session:
        secrets = session.scalars(sa.select(Secret).order_by(Secret.id)).all()
    assert [one.expires_at for one in secrets] == [clock() + timedelta(hours=24), None]
    assert secrets[1].last_four == GIVEN[-4:]


def test_many_processes_that_start_at_once_keep_one_listener(any_engine):
    saved, gate = [], threading.Barrier(4)

    def start() -> None:
        gate.wait()
        saved.append(listeners.save_declared(any_engine, draft(any_engine)).id)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(saved) == 4
    assert len(set(saved)) == count(any_engine) == count(any_engine, Secret) == 1


def test_what_people_changed_in_the_console_stays(any_engine):
    made = listeners.save_declared(any_engine, draft(any_engine, timeout_seconds=5))
    wanted = listeners.Wanted(url=URL + "/moved", timeout_seconds=9)
    listeners.change(any_engine, made.id, wanted, by=Actor("anna@example.com"))

    found = listeners.save_declared(any_engine, draft(any_engine, timeout_seconds=5))

    assert (found.id, found.url, found.timeout_seconds) == (made.id, URL + "/moved", 9.0)


def test_a_deleted_listener_is_made_anew_by_the_next_start(any_engine):
    made = listeners.save_declared(any_engine, draft(any_engine))
    listeners.delete(any_engine, made.id, by=CODE)

    assert listeners.save_declared(any_engine, draft(any_engine)).id != made.id


def test_settings_are_kept_and_schedules_may_be_numbers(any_engine):
    schedule = [5, timedelta(minutes=2), "1h", 0.25]

    made = listeners.save_declared(any_engine, draft(any_engine, name="Shop", retry_schedule=schedule))

    assert (made.name, made.retry_schedule) == ("Shop", "5s,120s,3600s,0.25s")


def test_an_unknown_setting_is_refused_as_configuration(any_engine):
    with pytest.raises(Refused) as refused:
        listeners.save_declared(any_engine, draft(any_engine, timeout=5))

    assert refused.value.errors[0].field == "config.timeout"


def test_a_hook_that_the_engine_does_not_know_is_named(any_engine):
    stranger = Hook("stranger")

    with pytest.raises(NotRegistered, match="stranger"):
        listeners.save_declared(any_engine, stranger.listener(url=URL))


@pytest.mark.parametrize(
    ("url", "settings", "field"),
    [
        (None, {}, "url"),
        (5, {}, "url"),
        (URL, {"headers": "X: y"}, "headers"),
        (URL, {"headers": [("X", "1")]}, "headers"),
        (URL, {"headers": {"X": 1}}, "headers"),
        (URL, {"headers": {"X": "1"}, "public_headers": "X"}, "public_headers"),
        (URL, {"headers": {"X": "1"}, "public_headers": [1]}, "public_headers"),
        (URL, {"retry_schedule": [object()]}, "retry_schedule"),
        (URL, {"retry_schedule": 5}, "retry_schedule"),
        (URL, {"name": 5}, "name"),
        (URL, {"body_format": ["plain"]}, "body_format"),
        (URL, {"secret": 5}, "secret"),
        (URL, {"timeout_seconds": "5"}, "timeout_seconds"),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_field(any_engine, url, settings, field):
    with pytest.raises(Refused) as refused:
        listeners.save_declared(any_engine, draft(any_engine, url, **settings))

    assert [error.field for error in refused.value.errors] == [field]
    assert count(any_engine) == 0
