"""Do claims and people's changes of listeners get along, when they meet on PostgreSQL?

SQLite has one writer at a time, so these meetings cannot happen there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.build import build_engine
from tests.databases import database_in
from tests.patience import PATIENCE, wait_until
from webhooks_app.engine import Engine
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.claim import claim
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.listener_rows import locked
from webhooks_app.engine.listeners import delete, pause, resume, rotate_secret
from webhooks_app.storage.models import Base, Delivery, Listener, Secret, State

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def database(postgresql_address) -> Iterator[str]:
    with database_in(postgresql_address, "webhooks_lock_order") as url:
        sa_engine = sa.create_engine(url)
        Base.metadata.create_all(sa_engine)
        sa_engine.dispose()
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def engine(database, tmp_path) -> Iterator[Engine]:
    with build_engine(database, folder=tmp_path) as built:
        with built.sessions.begin() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(sa.delete(table))
        yield built


def stored(engine, delivery) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


def wait_until_someone_waits(engine) -> None:
    """Until a connection of this database waits for another one's lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def somebody_waits() -> bool:
        with engine.sessions() as session:
            return bool(session.scalar(waiting))

    wait_until(somebody_waits)


def test_two_workers_that_meet_limited_listeners_in_opposite_order_do_not_stop_each_other(engine, caplog):
    one, other = (factories.make_listener(engine, rate_limit_per_second=10_000) for _ in range(2))
    now = engine.clock()

    def batch(*listeners: Listener) -> list[str]:
        moments = [now - timedelta(seconds=2), now - timedelta(seconds=1)]
        pairs = zip(listeners, moments, strict=True)
        return [factories.make_delivery(engine, listener=each, due_at=at).id for each, at in pairs]

    there, back = ([batch(*pair) for _ in range(40)] for pair in ((one, other), (other, one)))
    start = threading.Barrier(2)

    def work(batches: list[list[str]]) -> int:
        start.wait(PATIENCE)
        return sum(len(claim(engine, ids)) for ids in batches)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(work, (there, back))) == [80, 80]
    assert caplog.messages == []


@pytest.mark.parametrize(("verb", "status"), [(pause, "held"), (delete, "cancelled")])
def test_a_claim_that_meets_a_change_of_its_limited_listener_waits_for_it(engine, caplog, verb, status):
    listener = factories.make_listener(engine, rate_limit_per_second=5)
    delivery = factories.make_delivery(engine, listener=listener)

    with ThreadPoolExecutor(2) as threads:
        with engine.sessions.begin() as session:
            locked(session, listener.id)
            changing = threads.submit(verb, engine, listener.id, by=CODE)
            wait_until_someone_waits(engine)
            claiming = threads.submit(claim, engine, [delivery.id])
        changing.result(PATIENCE)
        claiming.result(PATIENCE)

    assert caplog.messages == []
    assert stored(engine, delivery).status in (status, "sending")


def test_a_claim_does_not_hold_what_is_just_being_released(engine):
    listener = factories.make_listener(engine, state=State.PAUSED)
    delivery = factories.make_delivery(engine, listener=listener, queued_at=engine.clock())

    with engine.sessions.begin() as session:
        locked(session, listener.id).state = State.ACTIVE
        session.flush()
        assert claim(engine, [delivery.id]) == []

    row = stored(engine, delivery)
    assert (row.status, row.queued_at) == ("pending", None)
    assert len(claim(engine, [delivery.id])) == 1


def test_a_dispatch_does_not_hold_what_is_just_being_released(engine):
    listener = factories.make_listener(engine, state=State.PAUSED)
    factories.make_event(engine)

    with ThreadPoolExecutor(1) as threads:
        with engine.sessions.begin() as session:
            locked(session, listener.id).state = State.ACTIVE
            session.flush()
            dispatching = threads.submit(dispatch, engine)
            wait_until_someone_waits(engine)
        assert dispatching.result(PATIENCE) == 1

    with engine.sessions() as session:
        [row] = session.scalars(sa.select(Delivery))
    assert (row.status, row.reason) == ("pending", "")


def test_what_a_dispatch_holds_is_released_by_who_resumes_the_listener_just_then(engine):
    listener = factories.make_listener(engine, state=State.PAUSED)
    events = [factories.make_event(engine) for _ in range(20)]
    start = threading.Barrier(2)

    def resuming() -> None:
        start.wait(PATIENCE)
        resume(engine, listener.id, by=CODE)

    with ThreadPoolExecutor(1) as threads:
        resumed = threads.submit(resuming)
        start.wait(PATIENCE)
        assert dispatch(engine) == len(events)
        resumed.result(PATIENCE)

    with engine.sessions() as session:
        assert set(session.scalars(sa.select(Delivery.status))) == {"pending"}


def test_a_claim_does_not_hold_what_just_got_a_secret_that_can_be_read(engine):
    listener = factories.make_listener(engine)
    with engine.sessions.begin() as session:
        session.execute(sa.update(Secret).values(sealed="what no key opens"))
    delivery = factories.make_delivery(engine, listener=listener, queued_at=engine.clock())

    class TurningInBetween(type(engine.seal)):
        """Somebody rotates the secret after a claim has found it unreadable."""

        def __init__(self) -> None:
            self.is_turned = False

        def open(self, *given, **named):
            if not self.is_turned:
                self.is_turned = True
                rotate_secret(engine, listener.id, by=CODE)
            return engine.seal.open(*given, **named)

    assert claim(replace(engine, seal=TurningInBetween()), [delivery.id]) == []

    row = stored(engine, delivery)
    assert (row.status, row.queued_at) == ("pending", None)
    assert len(claim(engine, [delivery.id])) == 1
