"""What does a host's own SQLite engine do with a savepoint that comes first? What the README says of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.caller import bound_words
from webhooks_app import Hook
from webhooks_app.storage.models import Event


@pytest.fixture
def send(engine):
    with bound_words(engine) as words:
        yield words.register(Hook(name="person", provides_args=["name"])).send


@pytest.fixture
def hosts(engine):
    """An engine on the same file, as an application makes it."""
    made = sa.create_engine(engine.settings.database_url)
    yield made
    made.dispose()


def leave_beginning_to_us(connection, _record):
    connection.isolation_level = None


def begin(connection):
    connection.exec_driver_sql("BEGIN")


@pytest.mark.parametrize(("is_advised", "events_left"), [(True, 0), (False, 1)])
def test_its_release_commits_unless_the_engine_begins_as_the_readme_advises(
    engine, hosts, send, is_advised, events_left
):
    if is_advised:
        sa.event.listen(hosts, "connect", leave_beginning_to_us)
        sa.event.listen(hosts, "begin", begin)

    with Session(hosts) as session:
        with session.begin_nested():
            send(session=session, name="Joe")
        session.rollback()

    with engine.sessions() as reading:
        assert len(reading.scalars(sa.select(Event)).all()) == events_left
