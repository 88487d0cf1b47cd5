"""Does what had to wait say when it begins, and begin only while it is still ours?"""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.factories import make_delivery, make_listener
from webhooks_app.engine.audit import SYSTEM
from webhooks_app.engine.beginning import begin
from webhooks_app.engine.claim import claim
from webhooks_app.engine.listeners import delete, pause
from webhooks_app.engine.rescue import rescue
from webhooks_app.storage.models import Delivery


def leased_at(engine, delivery):
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id).leased_at


def test_a_send_that_had_to_wait_writes_down_its_moment(any_engine, clock):
    delivery, other = make_delivery(any_engine), make_delivery(any_engine)
    [claimed, _] = claim(any_engine, [delivery.id, other.id], begins=False)
    assert leased_at(any_engine, delivery) is None

    assert begin(any_engine, claimed, now=clock.tick(3))

    assert (leased_at(any_engine, delivery), leased_at(any_engine, other)) == (clock(), None)


def test_what_was_rescued_meanwhile_does_not_begin(any_engine, clock):
    delivery = make_delivery(any_engine)
    [claimed] = claim(any_engine, [delivery.id], begins=False)
    clock.tick(3600)
    rescue(any_engine)
    claim(any_engine, [delivery.id], begins=False)

    assert not begin(any_engine, claimed, now=clock())
    assert leased_at(any_engine, delivery) is None


@pytest.mark.parametrize(
    ("seconds_in_line", "begins"),
    [(45, True), (45.1, False)],  # a lease is a timeout and 45 s
)
def test_what_its_lease_would_not_outlast_by_then_does_not_begin(any_engine, clock, seconds_in_line, begins):
    class Busy:
        def begin(self):
            clock.tick(seconds_in_line)
            return any_engine.sessions.begin()

    delivery = make_delivery(any_engine)
    [claimed] = claim(any_engine, [delivery.id], begins=False)

    assert begin(replace(any_engine, sessions=Busy()), claimed, now=clock()) is begins
    assert (leased_at(any_engine, delivery) is not None) is begins


def test_it_lines_up_for_a_moment_only(engine, make_delivery, clock):
    [claimed] = claim(engine, [make_delivery().id], begins=False)
    patience = []
    with engine.sessions() as session:
        sa.event.listen(
            session.get_bind(),
            "begin",
            lambda connection: patience.append(connection.get_execution_options().get("sqlite_patience")),
        )

    assert begin(engine, claimed, now=clock())
    assert patience == [2.0]


@pytest.mark.parametrize("change", [pause, delete])
def test_what_waited_for_a_listener_that_was_paused_or_deleted_does_not_begin(any_engine, clock, change):
    listener = make_listener(any_engine)
    delivery, other = make_delivery(any_engine, listener=listener), make_delivery(any_engine)
    claimed = claim(any_engine, [delivery.id, other.id])
    change(any_engine, listener.id, by=SYSTEM)

    begun = {one.id for one in claimed if begin(any_engine, one, now=clock.tick(3))}

    assert begun == {other.id}


@pytest.mark.parametrize(
    "error", [sa.exc.OperationalError("UPDATE", {}, Exception("server is gone")), sa.exc.TimeoutError("pool")]
)
def test_nothing_begins_that_the_database_does_not_know_of(engine, make_delivery, clock, caplog, error):
    class Away:
        def begin(self):
            raise error

    [claimed] = claim(engine, [make_delivery().id], begins=False)

    assert not begin(replace(engine, sessions=Away()), claimed, now=clock())
    assert "the database takes nothing" in caplog.text
