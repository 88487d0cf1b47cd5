"""Does everything that is sealed come to the newest key, once, and nothing that somebody changed meanwhile?

Row 40 of the security plan: the encryption keys turn while everything runs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_listener, sealed_secret
from webhooks_app.engine import key_rotation, listeners
from webhooks_app.engine.audit import COMMAND_LINE, Actor
from webhooks_app.engine.key_rotation import Unreadable, rotate_keys, would_rotate
from webhooks_app.engine.retention import Pace
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import key_of, new_secret
from webhooks_app.engine.unsealed import unseal
from webhooks_app.storage.models import Listener, Secret
from webhooks_app.storage.people import AuditEntry
from webhooks_app.storage.queries import sealed

NEW_KEY = "a newer key for tests of thirty-two bytes or more"
ANNA = Actor("anna@example.com")


@pytest.fixture
def turning(any_engine):
    """A process that has the new key in front of the old one."""
    return replace(any_engine, seal=Seal([NEW_KEY, *any_engine.settings.encryption_keys]))


@pytest.fixture
def turned(any_engine):
    """A process from which the old key was taken away."""
    return replace(any_engine, seal=Seal([NEW_KEY]))


def rotated(engine, **options):
    return rotate_keys(engine, by=COMMAND_LINE, pace=Pace(sleep=lambda _seconds: None), **options)


def opened(engine, listener):
    with engine.sessions() as session:
        version = session.get_one(Listener, listener.id).version
        return unseal(engine, session, {listener.id: version})[listener.id]


def entries(engine):
    with engine.sessions() as session:
        return session.scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.object_type == "keys")
            .order_by(AuditEntry.at, AuditEntry.act)
        ).all()


def test_the_old_key_is_needed_for_nothing_afterwards(any_engine, turning, turned):
    secret = new_secret()
    listener = make_listener(any_engine, secret=secret, headers={"x-tenant": "7"})

    assert rotated(turning).reencrypted == 2

    after = opened(turned, listener)
    assert (after.problem, after.headers) == ("", (("x-tenant", "7"),))
    assert after.live_keys(turned.clock()) == [key_of(secret)]
    assert after.version == listener.version  # nobody who edits it meanwhile is told of a change


def test_a_second_run_has_nothing_to_do(any_engine, turning):
    make_listener(any_engine, headers={"x-tenant": "7"})
    rotated(turning)

    again = rotated(turning)

    assert (again.reencrypted, again.already_new, again.unreadable) == (0, 2, ())
    assert [one.act for one in entries(any_engine)] == [*["begin-rotate-keys"] * 2, *["rotate-keys"] * 2]


def test_what_is_of_no_use_any_more_is_encrypted_anew_too(any_engine, turning, turned):
    listener = make_listener(any_engine, deleted_at=any_engine.clock())
    expired = sealed_secret(any_engine, listener.id, new_secret(), expires_at=any_engine.clock())
    with any_engine.sessions.begin() as session:
        session.add(expired)

    assert rotated(turning).reencrypted == 2


def test_looking_first_changes_nothing(any_engine, turning):
    make_listener(any_engine)

    assert would_rotate(turning).reencrypted == 1
    assert would_rotate(turning).reencrypted == 1
    assert entries(any_engine) == []


def test_what_no_key_opens_is_named_and_left_as_it_is(any_engine, turning, turned):
    lost = replace(any_engine, seal=Seal(["a key that is lost, of thirty-two bytes"]))
    good, bad = make_listener(any_engine), make_listener(lost, name="Billing", headers={"x-tenant": "7"})

    done = rotated(turning)

    assert done.reencrypted == 1
    assert done.unreadable == (
        Unreadable(bad.id, "Billing", "headers"),
        Unreadable(bad.id, "Billing", "signing secret"),
    )
    assert opened(turned, good).problem == ""
    assert opened(lost, bad).headers == (("x-tenant", "7"),)


def test_what_nobody_needs_may_be_unreadable(any_engine, turning):
    lost = replace(any_engine, seal=Seal(["a key that is lost, of thirty-two bytes"]))
    make_listener(lost, deleted_at=any_engine.clock())
    kept = make_listener(any_engine)
    past = any_engine.clock() - timedelta(seconds=1)
    with any_engine.sessions.begin() as session:
        session.add(sealed_secret(lost, kept.id, new_secret(), expires_at=past))

    assert rotated(turning).unreadable == ()


def test_a_row_that_was_swapped_with_another_is_not_sealed_for_its_new_place(any_engine, turning):
    one, other = make_listener(any_engine), make_listener(any_engine)
    with any_engine.sessions.begin() as session:
        first, second = (
            session.scalars(sa.select(Secret).where(Secret.listener_id == listener.id)).one()
            for listener in (one, other)
        )
        first.sealed, second.sealed = second.sealed, first.sealed

    done = rotated(turning)

    assert done.reencrypted == 0
    assert {found.listener_id for found in done.unreadable} == {one.id, other.id}


class MeddlingSeal(Seal):
    """While the first value is sealed anew, somebody does something else to its row."""

    def __init__(self, keys, meddle):
        super().__init__(keys)
        self._meddle = meddle

    def seal(self, text, **place):
        if self._meddle:
            meddle, self._meddle = self._meddle, None
            meddle()
        return super().seal(text, **place)


def test_headers_that_change_meanwhile_are_not_overwritten(any_engine, turned):
    listener = make_listener(any_engine, headers={"x-tenant": "7"})
    wanted = listeners.Wanted(url="http://127.0.0.1:8100/", headers={"x-tenant": "8"})

    def change():  # in a process that has not been started again yet
        listeners.change(any_engine, listener.id, wanted, by=ANNA)

    seal = MeddlingSeal([NEW_KEY, *any_engine.settings.encryption_keys], change)
    done = rotated(replace(any_engine, seal=seal))

    assert done.reencrypted == 2  # read again, and encrypted anew as they are now
    assert opened(turned, listener).headers == (("x-tenant", "8"),)


def test_a_value_that_goes_meanwhile_is_none_any_more(any_engine, turning):
    listener = make_listener(any_engine, headers={"x-tenant": "7"})
    wanted = listeners.Wanted(url="http://127.0.0.1:8100/")
    seal = MeddlingSeal(
        [NEW_KEY, *any_engine.settings.encryption_keys],
        lambda: listeners.change(any_engine, listener.id, wanted, by=ANNA),
    )

    assert rotated(replace(any_engine, seal=seal)).reencrypted == 1  # the secret


def test_it_goes_in_small_transactions_through_all_windows(any_engine, turning, turned, monkeypatch):
    monkeypatch.setattr(key_rotation, "WINDOW", 3)
    made = [make_listener(any_engine, headers={"x-tenant": "7"}) for _ in range(7)]
    took = []
    pace = Pace(sleep=took.append)
    pace.at_once = 2

    assert rotate_keys(turning, by=COMMAND_LINE, pace=pace).reencrypted == 14
    assert len(took) > 4  # a pause after each transaction
    assert [opened(turned, one).problem for one in made] == [""] * 7


def test_an_interrupted_run_keeps_what_it_did(any_engine, turning, turned):
    made = [make_listener(any_engine) for _ in range(5)]

    class Interrupted(Exception):
        pass

    def interrupt(_seconds):
        raise Interrupted

    pace = Pace(sleep=interrupt)
    pace.at_once = 2
    with pytest.raises(Interrupted):
        rotate_keys(turning, by=COMMAND_LINE, pace=pace)
    left = [one.act for one in entries(any_engine)]

    done = rotated(turning)

    assert left == ["begin-rotate-keys"]  # it is known that somebody began
    assert (done.reencrypted, done.already_new) == (3, 2)
    assert [opened(turned, one).problem for one in made] == [""] * 5


def test_the_audit_log_says_how_much_and_by_whom(any_engine, turning):
    make_listener(any_engine)

    rotated(turning)

    began, ended = entries(any_engine)
    assert (began.actor, began.act, began.after) == ("command line", "begin-rotate-keys", None)
    assert (ended.actor, ended.act, ended.before) == ("command line", "rotate-keys", None)
    assert ended.after == {"reencrypted": 1, "unreadable": 0}


def test_every_column_of_sealed_text_is_a_place(any_engine):
    """Whoever adds one adds it to the places, or the keys can never go."""
    columns = {
        column
        for table in Listener.metadata.sorted_tables
        for column in table.columns
        if "sealed" in column.name
    }

    assert columns == {place.column for place in sealed.PLACES}
