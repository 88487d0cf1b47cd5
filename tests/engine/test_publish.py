"""Does an event exist exactly if its transaction commits, on both databases?"""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from tests.build import settings_for
from tests.caller import Person, bound_words, session_on
from tests.fakes import answered
from webhooks_app import Hook
from webhooks_app.engine import publish as module
from webhooks_app.engine.publish import publish
from webhooks_app.errors import DeliveryFailed, UnserializablePayload
from webhooks_app.registry import Occurrence
from webhooks_app.storage import ids
from webhooks_app.storage.models import Delivery, Event

PERSON = Hook(name="person", provides_args=["name"])


@pytest.fixture
def send(any_engine):
    """Send the hook `person` by hand."""
    with bound_words(any_engine) as words:
        yield words.register(PERSON).send


@pytest.fixture
def session(any_engine):
    with session_on(any_engine) as session:
        yield session


@pytest.fixture
def names(any_engine):
    """The name in every event that is stored, as another connection sees it."""

    def read():
        with any_engine.sessions() as session:
            bodies = session.scalars(sa.select(Event.body).order_by(Event.id)).all()
        return [json.loads(body)["name"] for body in bodies]

    return read


def test_it_exists_once_the_transaction_commits(send, session, names, queue):
    session.add(Person(name="Joe"))
    event_id = send(session=session, name="Joe")
    if session.bind.dialect.name == "postgresql":
        assert names() == []  # on SQLite the caller holds the lock that our reader begins with
    assert queue.rings == 0

    session.commit()

    assert names() == ["Joe"]
    assert queue.rings == 1
    assert event_id.startswith("evt_")


def test_it_never_existed_if_the_transaction_is_rolled_back(send, session, names, queue, caplog):
    session.add(Person(name="Joe"))
    send(session=session, name="Joe")
    session.rollback()

    assert (names(), queue.rings) == ([], 0)
    assert len(caplog.records) == 1


def test_a_released_savepoint_waits_for_the_commit(send, session, names, queue):
    session.add(Person(name="Joe"))
    with session.begin_nested():
        send(session=session, name="Joe")
    assert queue.rings == 0

    session.commit()
    assert (names(), queue.rings) == (["Joe"], 1)


def test_a_released_savepoint_is_lost_with_the_transaction_around_it(send, session, names, queue, caplog):
    session.add(Person(name="Joe"))
    with session.begin_nested():
        send(session=session, name="Joe")
    session.rollback()

    assert (names(), queue.rings) == ([], 0)
    assert len(caplog.records) == 1


def test_only_what_a_rolled_back_savepoint_held_is_lost(send, session, names, queue, caplog):
    session.add(Person(name="Joe"))
    send(session=session, name="before")
    savepoint = session.begin_nested()
    send(session=session, name="inside")
    savepoint.rollback()
    send(session=session, name="after")
    session.commit()

    assert (names(), queue.rings) == (["before", "after"], 1)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_savepoints_in_savepoints(send, session, names, queue):
    session.add(Person(name="Joe"))
    outer = session.begin_nested()
    send(session=session, name="outer")
    with session.begin_nested():
        send(session=session, name="released into outer")
    inner = session.begin_nested()
    send(session=session, name="inner")
    inner.rollback()
    outer.commit()
    lost = session.begin_nested()
    with session.begin_nested():
        send(session=session, name="released into what is lost")
    lost.rollback()
    session.commit()

    assert (names(), queue.rings) == (["outer", "released into outer"], 1)


def test_a_commit_through_an_open_savepoint_counts(send, session, names, queue):
    session.begin_nested()
    send(session=session, name="Joe")
    session.commit()

    assert (names(), queue.rings) == (["Joe"], 1)


def test_a_session_that_has_not_begun_is_not_joined(send, session, names, queue):
    send(session=session, name="Joe")

    assert not session.in_transaction()
    assert (names(), queue.rings) == (["Joe"], 1)


def test_two_transactions_of_one_session_ring_twice(send, session, names, queue):
    for name in ("Joe", "Jim"):
        session.add(Person(name=name))
        send(session=session, name=name)
        session.commit()
        queue.answer()

    assert (names(), queue.rings) == (["Joe", "Jim"], 2)


def test_the_applications_own_session_is_joined_by_itself(any_engine, session, names):
    engine = replace(any_engine, caller_session=lambda: session)
    session.add(Person(name="Joe"))
    publish(engine, Occurrence(PERSON, {"name": "Joe"}, ""))
    session.rollback()

    assert names() == []


def test_a_scoped_session_is_joined_as_the_session_it_stands_for(send, any_engine, names):
    with session_on(any_engine) as session:
        scoped = scoped_session(sessionmaker(session.bind))
        scoped.add(Person(name="Joe"))
        send(session=scoped, name="Joe")
        scoped.rollback()
        assert names() == []

        scoped.add(Person(name="Joe"))
        send(session=scoped, name="Jim")
        scoped.commit()
        assert names() == ["Jim"]
        scoped.remove()


def test_what_is_no_session_is_refused_before_anything_is_stored(send, names):
    with pytest.raises(TypeError, match="joins an SQLAlchemy Session, not a dict"):
        send(session={}, name="Joe")

    assert names() == []


def test_publishing_flushes_nothing(send, session):
    session.add(Person(name="Joe"))
    send(session=session, name="Joe")

    assert len(session.new) == 1


def test_a_session_in_an_outer_connection_rings_when_its_own_part_commits(send, any_engine, queue, names):
    with session_on(any_engine) as other, other.bind.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.add(Person(name="Joe"))
            send(session=session, name="Joe")
            session.commit()
        outer.rollback()

    assert queue.rings == 1  # a ring for nothing, which a dispatch bears
    assert names() == []


# What is stored, and what is refused; one database is enough.


def test_the_row_of_an_event(engine, clock):
    occurrence = Occurrence(PERSON, {"name": "José", "tags": [1, None]}, "shop.models.Person", {"name": {}})
    event_id = publish(engine, occurrence)

    with engine.sessions() as session:
        row = session.get_one(Event, ids.parse(ids.EVENT, event_id))
    assert (row.hook, row.sender, row.test) == ("person", "shop.models.Person", False)
    assert row.body == '{"name":"Jos\\u00e9","tags":[1,null]}'
    assert row.changes == {"name": {}}
    assert row.created_at == clock()
    assert row.dispatched_at is None


def test_no_change_is_null_and_not_the_text_null(engine):
    publish(engine, Occurrence(PERSON, {"name": "Joe"}, ""))
    publish(engine, Occurrence(PERSON, {"name": "Joe"}, "", changes={}))

    with engine.sessions() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM webhooks_events WHERE changes IS NULL")) == 2


def test_a_payload_that_is_too_large_is_refused_before_anything_is_stored(engine, words, tmp_path):
    small = replace(engine, settings=settings_for(tmp_path, WEBHOOKS_MAX_PAYLOAD_BYTES="1024"))

    publish(small, Occurrence(PERSON, {"name": "x" * 1013}, ""))  # 1,024 bytes with {"name":""}
    with pytest.raises(UnserializablePayload, match="1025 bytes as JSON; at most 1024"):
        publish(small, Occurrence(PERSON, {"name": "x" * 1014}, ""))

    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


def test_a_payload_that_is_not_json_is_refused_before_anything_is_stored(words, engine):
    words.register(PERSON)
    with pytest.raises(UnserializablePayload, match="name"):
        PERSON.send(name=object())

    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_a_queue_that_is_down_does_not_keep_anyone_from_publishing(words, engine, queue, caplog):
    queue.is_down = True
    words.register(PERSON).send(name="Joe")

    assert "is kept and delivered by the sweep" in caplog.text
    with engine.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == 1


@pytest.mark.parametrize(("fail_silently", "raises"), [(False, True), (True, False)])
def test_a_synchronous_hook_that_commits_by_itself_says_what_failed(
    words, engine, transport, make_listener, fail_silently, raises
):
    hook = words.register(Hook(name="person", asynchronous=False, fail_silently=fail_silently))
    make_listener(url="http://127.0.0.1:9/good")
    make_listener(url="http://127.0.0.1:9/bad")
    transport.will_do(answered(500), at="http://127.0.0.1:9/bad")

    if raises:
        with pytest.raises(DeliveryFailed, match=r"^http://127.0.0.1:9/bad: The receiver answered 500\.$"):
            hook.send(name="Joe")
    else:
        assert hook.send(name="Joe").startswith("evt_")

    with engine.sessions() as session:
        assert sorted(session.scalars(sa.select(Delivery.status))) == ["delivered", "retrying"]


@pytest.mark.parametrize("fail_silently", [False, True])
def test_a_database_that_is_busy_after_the_commit_leaves_the_event_to_the_workers(
    words, engine, monkeypatch, caplog, fail_silently
):
    def busy(*_, **__):
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(module, "deliver_firsthand", busy)
    hook = words.register(Hook(name="person", asynchronous=False, fail_silently=fail_silently))

    with nullcontext() if fail_silently else pytest.raises(DeliveryFailed, match="The event is stored"):
        hook.send(name="Joe")

    with engine.sessions() as session:
        [event] = session.scalars(sa.select(Event))
    assert event.dispatched_at is None
    assert "was left to the workers" in caplog.text
