"""Is the doorbell rung once, at the right time, and a lost event told of?"""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.caller import Person
from tests.fakes import FakeQueue
from webhooks_app import Hook, ModelHook
from webhooks_app.engine import outbox
from webhooks_app.storage.models import Delivery, Event


@pytest.fixture
def hook(words):
    return words.register(Hook(name="person", provides_args=["name"]))


def stored(engine) -> int:
    with engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Event))


def dropped(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


class CountingQueue(FakeQueue):
    """Counts how often it was asked to ring, whether or not a ring was due."""

    asked = 0

    def ring(self, *, again=False):
        self.asked += 1
        super().ring(again=again)


def test_a_thousand_events_of_one_transaction_ring_once(engine, words, caller):
    queue = CountingQueue()
    with_it = replace(engine, queue=queue)
    words.port.engine = with_it
    hook = words.register(Hook(name="person"))
    caller.add(Person(name="Joe"))
    for number in range(1000):
        hook.send(session=caller, name=number)
    assert queue.asked == 0
    caller.commit()

    assert queue.asked == 1
    assert stored(engine) == 1000


def test_a_session_that_is_closed_without_a_commit_is_asked_whether_it_forgot(hook, caller, caplog, engine):
    caller.add(Person(name="Joe"))
    event_id = hook.send(session=caller, name="Joe")
    caller.close()

    [sentence] = dropped(caplog)
    assert sentence.startswith(f"The event {event_id} of the hook person was dropped with its transaction;")
    assert sentence.endswith("was db.session.commit() forgotten?")
    assert stored(engine) == 0


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda session: session.rollback(), id="rollback"),
        pytest.param(lambda session: session.close(), id="close"),
        pytest.param(lambda session: session.reset(), id="reset"),
        pytest.param(lambda session: session.invalidate(), id="invalidate"),
    ],
)
def test_a_lost_event_is_told_of_once_however_it_was_lost(hook, caller, caplog, end):
    caller.add(Person(name="Joe"))
    hook.send(session=caller, name="Joe")
    end(caller)
    caller.close()

    assert len(dropped(caplog)) == 1


def test_an_exception_in_a_block_loses_its_event(hook, caller, caplog, engine):
    with pytest.raises(ZeroDivisionError), Session(caller.bind) as session, session.begin():
        hook.send(session=session, name="Joe")
        _ = 1 / 0

    assert len(dropped(caplog)) == 1
    assert stored(engine) == 0


def test_a_flush_that_fails_loses_the_event_with_its_transaction(hook, caller, caplog, engine):
    caller.add(Person(id=1, name="Joe"))
    hook.send(session=caller, name="Joe")
    caller.flush()
    caller.expunge_all()
    caller.add(Person(id=1, name="Jim"))
    with pytest.raises(sa.exc.IntegrityError):
        caller.commit()
    caller.rollback()

    assert len(dropped(caplog)) == 1
    assert stored(engine) == 0


def test_an_event_that_commits_is_not_warned_of(hook, caller, caplog):
    caller.add(Person(name="Joe"))
    hook.send(session=caller, name="Joe")
    caller.commit()
    caller.close()

    assert dropped(caplog) == []


def test_a_queue_that_is_down_leaves_the_callers_session_usable(hook, caller, queue, caplog, engine):
    queue.is_down = True
    caller.add(Person(name="Joe"))
    hook.send(session=caller, name="Joe")
    caller.commit()

    caller.add(Person(name="Jim"))
    caller.commit()
    assert stored(engine) == 1
    assert "delivered by the sweep" in caplog.text


def test_whatever_fails_after_the_commit_never_reaches_the_caller(words, caller, caplog, engine):
    class Broken(FakeQueue):
        def ring(self, *, again=False):
            raise ZeroDivisionError("out of the blue")

    words.port.engine = replace(engine, queue=Broken())
    caller.add(Person(name="Joe"))
    words.register(Hook(name="person")).send(session=caller, name="Joe")
    caller.commit()

    assert caller.scalar(sa.select(sa.func.count()).select_from(Person)) == 1
    assert "Events were left to the sweep." in caplog.text


@pytest.mark.parametrize("status", [200, 500])
def test_a_synchronous_model_hook_delivers_after_the_commit_and_never_raises(
    words, engine, caller, queue, transport, make_listener, status
):
    @words.register
    class PersonHook(ModelHook):
        name = "person"
        model = Person
        provides_args = ("name",)
        asynchronous = False

    make_listener()
    transport.will_answer(status)
    caller.add(Person(name="Joe"))
    caller.flush()
    assert transport.sent == []
    caller.commit()

    assert len(transport.sent) == 1
    assert queue.rings == 0
    with engine.sessions() as session:
        delivery = session.scalars(sa.select(Delivery)).one()
    assert (delivery.status, delivery.attempt_count) == ("delivered" if status == 200 else "retrying", 1)
    caller.add(Person(name="Jim"))  # the session is as good as before
    caller.flush()


def test_a_transaction_of_both_kinds_rings_and_delivers(words, caller, queue, transport, make_listener):
    make_listener(hook="now")
    make_listener(hook="later")
    caller.add(Person(name="Joe"))
    words.register(Hook(name="now", asynchronous=False)).send(session=caller, name="Joe")
    words.register(Hook(name="later")).send(session=caller, name="Joe")
    caller.commit()

    assert queue.rings == 1
    assert [dict(message.headers)["webhook-hook"] for message in transport.sent] == ["now"]


def test_listening_twice_rings_once(hook, caller, queue):
    outbox.listen()
    outbox.listen()
    caller.add(Person(name="Joe"))
    hook.send(session=caller, name="Joe")
    caller.commit()

    assert queue.rings == 1


def test_a_synchronous_first_attempt_that_fails_after_the_commit_is_logged(
    engine, words, caller, caplog, transport, make_listener
):
    transport.will_answer(500)
    make_listener()
    hook = words.register(Hook(name="person", asynchronous=False))
    caller.add(Person(name="Joe"))
    hook.send(session=caller, name="Joe")
    caller.commit()

    [sentence] = dropped(caplog)
    assert "A synchronous first attempt failed: http://" in sentence
