"""What does it cost the caller to publish? One INSERT an event or a batch, and one ring a transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.caller import bound_words, session_on
from webhooks_app import Hook
from webhooks_app.engine import Engine, intake

PERSON = Hook(name="person", provides_args=["name"])


@pytest.fixture
def statements(any_engine: Engine) -> Iterator[list[str]]:
    """What the database is asked, but for BEGIN."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    with any_engine.readings() as session:
        sa_engine = session.get_bind()
    sa.event.listen(sa_engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(sa_engine, "before_cursor_execute", note)


def inserts(statements: list[str]) -> int:
    return sum(statement.startswith("INSERT INTO webhooks_events") for statement in statements)


def test_an_event_is_one_insert_in_the_callers_transaction(any_engine):
    with bound_words(any_engine) as words, session_on(any_engine) as session:
        words.register(PERSON)
        asked: list[str] = []
        session.connection()
        sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))

        PERSON.send(sender=None, session=session, name="Joe")

        assert (len(asked), inserts(asked)) == (1, 1)
        session.rollback()


def test_a_thousand_events_of_one_transaction_ring_once(any_engine, queue):
    with bound_words(any_engine) as words, session_on(any_engine) as session:
        words.register(PERSON)
        session.connection()
        for number in range(1000):
            PERSON.send(sender=None, session=session, name=str(number))
        assert queue.rings == 0

        session.commit()

    assert queue.rings == 1


def test_a_batch_is_one_statement_and_one_ring(any_engine, queue, statements):
    intake.publish_many(any_engine, "person", [{"name": str(number)} for number in range(50)], sender="")

    assert (len(statements), inserts(statements), queue.rings) == (1, 1, 1)
