"""Do deliveries that were held for an unreadable secret go on once it can be read, and no others?"""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.build import build_engine
from tests.factories import make_delivery, make_listener
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.claim import claim
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import new_secret
from webhooks_app.engine.unreadable import release_readable
from webhooks_app.engine.unsealed import SECRET_UNREADABLE
from webhooks_app.storage.models import Delivery, Status

ANNA = Actor("anna@example.com")


@pytest.fixture
def blind(any_engine):
    """A process with other keys."""
    return replace(any_engine, seal=Seal(["another key of thirty-two bytes or more"]))


def held_by(engine, listener, **columns):
    """A delivery that a process without the right keys has put aside."""
    delivery = make_delivery(engine, listener=listener, **columns)
    assert claim(engine, [delivery.id]) == []
    assert now(engine, delivery) == (Status.HELD, SECRET_UNREADABLE)
    return delivery


def now(engine, delivery):
    with engine.sessions() as session:
        found = session.get_one(Delivery, delivery.id)
        return found.status, found.reason


def test_with_the_right_key_back_they_go_on(any_engine, blind):
    fresh, tried = (held_by(blind, make_listener(any_engine), tries=tries) for tries in (0, 2))

    assert release_readable(any_engine) == 2

    assert now(any_engine, fresh) == (Status.PENDING, "")
    assert now(any_engine, tried) == (Status.RETRYING, "")
    assert {one.id for one in claim(any_engine, [fresh.id, tried.id])} == {fresh.id, tried.id}


def test_without_it_they_stay(any_engine, blind):
    delivery = held_by(blind, make_listener(any_engine))

    assert release_readable(blind) == 0
    assert now(any_engine, delivery)[0] == Status.HELD


def test_the_log_says_once_for_whom_it_is_held_and_what_helps(any_engine, blind, caplog):
    listener = make_listener(any_engine)

    with caplog.at_level(logging.WARNING, "webhooks_app.worker"):
        for _ in range(2):
            held_by(blind, listener)

    [record] = caplog.records
    assert record.getMessage() == (
        f"What waits for the listener lsn_{listener.id} of {listener.hook} is held. {SECRET_UNREADABLE}"
        " Put the one that is missing back into WEBHOOKS_ENCRYPTION_KEYS, behind the newest, and restart."
    )


def test_what_is_held_for_another_reason_stays(any_engine, blind):
    paused = make_listener(any_engine)
    of_paused = held_by(blind, paused)
    listeners.pause(any_engine, paused.id, by=ANNA)
    columns = {"status": Status.HELD, "reason": "The listener is paused."}
    other = make_delivery(any_engine, **columns)

    assert release_readable(any_engine) == 0
    assert now(any_engine, of_paused)[0] == now(any_engine, other)[0] == Status.HELD


def test_a_new_secret_lets_them_go_on_although_the_old_one_cannot_be_read(any_engine, blind):
    listener = make_listener(any_engine)
    delivery = held_by(blind, listener)

    listeners.rotate_secret(blind, listener.id, by=ANNA)

    assert now(any_engine, delivery)[0] == Status.PENDING
    assert [one.id for one in claim(blind, [delivery.id])] == [delivery.id]


def test_new_headers_let_them_go_on(any_engine, blind):
    listener = make_listener(blind, secret=new_secret(), headers={"x-tenant": "7"})
    delivery = held_by(any_engine, listener)
    listeners.rotate_secret(any_engine, listener.id, by=ANNA)
    assert claim(any_engine, [delivery.id]) == []  # the headers still cannot be read

    wanted = listeners.Wanted(url="http://127.0.0.1:8100/", headers={"x-tenant": "8"})
    listeners.change(any_engine, listener.id, wanted, by=ANNA)

    assert [one.id for one in claim(any_engine, [delivery.id])] == [delivery.id]


def test_a_database_without_tables_does_not_keep_a_worker_from_starting(tmp_path):
    with build_engine(f"sqlite:///{tmp_path}/bare.db", folder=tmp_path) as bare:
        assert release_readable(bare) == 0


def test_what_a_bad_hook_held_goes_on_when_a_worker_starts_with_a_good_one(any_engine, hooks):
    hooks["person"].timeout = 0
    delivery = make_delivery(any_engine)
    assert claim(any_engine, [delivery.id]) == []
    assert release_readable(any_engine) == 0

    hooks["person"].timeout = None

    assert release_readable(any_engine) == 1
    assert [one.id for one in claim(any_engine, [delivery.id])] == [delivery.id]
