"""What becomes of an error that kept a hook from sending? The caller never sees it; the hook's page does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from blinker import Signal

from tests.caller import Person
from webhooks_app import ModelHook, SignalHook
from webhooks_app.storage.models import Event, HookProblem


def problems(engine):
    with engine.sessions() as session:
        return [(row.hook, row.count, row.message) for row in session.scalars(sa.select(HookProblem))]


@pytest.fixture
def photo_hook(words):
    """A hook whose payload is bytes, which JSON does not know."""
    return words.register(ModelHook(name="photo", model=Person, provides_args=["photo"]))


PHOTO = ("photo", 1, 'Argument "photo": bytes is not a JSON type.')


def test_a_model_hook_whose_payload_is_not_json_lets_the_row_be_saved(photo_hook, caller, engine, caplog):
    caller.add(Person(name="Joe", photo=b"jpeg"))
    caller.flush()
    assert caller.scalar(sa.select(sa.func.count()).select_from(HookProblem)) == 0  # it would want the lock
    caller.commit()

    assert caller.scalar(sa.select(Person.name)) == "Joe"
    assert caller.scalar(sa.select(sa.func.count()).select_from(Event)) == 0
    assert problems(engine) == [PHOTO]
    assert "The hook photo could not send" in caplog.text


def test_it_is_counted_when_the_transaction_is_rolled_back_too(photo_hook, caller, engine):
    caller.add(Person(name="Joe", photo=b"jpeg"))
    caller.flush()
    caller.rollback()

    assert problems(engine) == [PHOTO]


def test_it_is_counted_once_though_a_savepoint_ends_before(photo_hook, caller, engine):
    with caller.begin_nested():
        caller.add(Person(name="Joe", photo=b"jpeg"))
    caller.commit()
    caller.commit()

    assert problems(engine) == [PHOTO]


def test_problems_add_up_and_the_last_one_is_shown(photo_hook, caller, engine, clock):
    for photo in (b"jpeg", b"png"):
        clock.tick(60)
        caller.add(Person(name="Joe", photo=photo))
        caller.commit()

    assert [count for _, count, _ in problems(engine)] == [2]
    with engine.sessions() as session:
        assert session.scalars(sa.select(HookProblem.last_at)).one() == clock()


def test_what_can_be_sent_is_sent_beside_it(photo_hook, words, caller, engine):
    words.register(ModelHook(name="name", model=Person, provides_args=["name"]))
    caller.add(Person(name="Joe", photo=b"jpeg"))
    caller.commit()

    assert caller.scalars(sa.select(Event.hook)).all() == ["name"]
    assert problems(engine) == [PHOTO]


def test_a_signal_hook_never_raises_into_who_sent_the_signal(words, engine):
    signal = Signal()
    words.register(SignalHook(name="signal", signal=signal))

    signal.send("somebody", what=object())

    assert problems(engine) == [("signal", 1, 'Argument "what": object is not a JSON type.')]


def test_a_signal_without_a_session_does_not_wait_for_the_callers_lock(words, engine, caller):
    """On SQLite the caller may hold the only write lock there is, and we would wait five seconds for it."""
    signal = Signal()
    words.register(SignalHook(name="signal", signal=signal))
    words.port.engine = replace(engine, caller_session=lambda: caller)
    caller.add(Person(name="Joe"))
    caller.flush()

    signal.send("somebody", what=object())
    assert problems_soon(caller) == 0

    caller.commit()
    assert [count for _, count, _ in problems(engine)] == [1]


def problems_soon(caller) -> int:
    return caller.scalar(sa.select(sa.func.count()).select_from(HookProblem))


def test_a_problem_that_cannot_be_counted_is_logged_and_nothing_else(words, engine, caller, caplog):
    HookProblem.__table__.drop(caller.bind)
    signal = Signal()
    words.register(SignalHook(name="signal", signal=signal))

    signal.send("somebody", what=object())

    assert "could not be counted" in caplog.text


def test_a_very_long_message_is_cut(words, engine):
    signal = Signal()

    class Grumbler(SignalHook):
        name = "grumbler"

        def occurrence(self, sender, **arguments):
            raise RuntimeError("x" * 5000)

    words.register(Grumbler(signal=signal))
    signal.send("somebody")

    assert [len(message) for _, _, message in problems(engine)] == [2000]
