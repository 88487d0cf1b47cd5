"""Does time pass once a second, by one clock only, until it is told to stop?"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.patience import PATIENCE, SOON
from webhooks_app.engine.leader import is_leader
from webhooks_app.runtime.clock import LEASE_NAME, PRUNING_LEASE_NAME, prune_once, run_clock, tick
from webhooks_app.storage.models import Delivery, Lease


def leases(engine) -> int:
    with engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Lease))


def test_a_tick_sweeps(engine, make_delivery, queue):
    delivery = make_delivery()
    tick(engine)

    assert queue.pushed_ids == [delivery.id]


def test_a_second_clock_waits_for_its_turn(engine, make_delivery, queue):
    assert is_leader(replace(engine, worker_name="the other clock"), LEASE_NAME)
    make_delivery()
    tick(engine)

    assert queue.pushed == []


@pytest.mark.parametrize(
    "error", [sa.exc.OperationalError("SELECT", {}, Exception("connection refused")), ZeroDivisionError()]
)
def test_what_fails_is_tried_again_with_the_next_tick(engine, make_delivery, queue, caplog, error):
    class Away:
        def __call__(self):
            raise error

    make_delivery()
    with caplog.at_level(logging.ERROR):
        tick(replace(engine, sessions=Away()))
    assert "it is tried again in a moment" in caplog.text

    tick(engine)
    assert len(queue.pushed) == 1


def test_it_ticks_until_sigterm_and_makes_room_for_another_clock(engine, queue, own_signals):
    wiped = []

    class Watched(type(queue)):
        def was_wiped(self):
            wiped.append(time.monotonic())
            if len(wiped) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            return False

    began = time.monotonic()
    run_clock(replace(engine, queue=Watched()), period_seconds=0.05)

    assert len(wiped) == 3
    assert wiped[2] - began > 0.09  # two periods, however long the ticks took
    assert leases(engine) == 0


def test_sigterm_is_heard_while_it_waits(engine, queue, own_signals):
    class Watched(type(queue)):
        def was_wiped(self):
            # Only now: before it is handled the signal would end the tests.
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
            return False

    began = time.monotonic()
    run_clock(replace(engine, queue=Watched()), period_seconds=PATIENCE)

    assert time.monotonic() - began < SOON


def test_it_says_at_its_start_if_the_database_has_another_time(any_engine, queue, own_signals, caplog):
    class Watched(type(queue)):
        def was_wiped(self):
            os.kill(os.getpid(), signal.SIGTERM)
            return False

    run_clock(replace(any_engine, queue=Watched()))  # whose clock stands, long ago

    has_one = any_engine.sessions.kw["bind"].dialect.name == "postgresql"
    assert caplog.text.count("The clock of this host is") == has_one


def old_delivery(clock, make_delivery) -> None:
    make_delivery(status="delivered")
    clock.tick(31 * 24 * 3600)


def deliveries(engine) -> int:
    with engine.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Delivery))


def test_what_is_old_is_deleted_by_one_clock(engine, clock, make_delivery, caplog):
    old_delivery(clock, make_delivery)
    with caplog.at_level(logging.INFO):
        prune_once(engine, threading.Event())

    assert deliveries(engine) == 0
    assert "Deleted 1 deliveries" in caplog.text
    assert leases(engine) == 0


def test_what_is_old_waits_while_another_clock_deletes_or_this_one_shall_stop(engine, clock, make_delivery):
    old_delivery(clock, make_delivery)
    stop = threading.Event()
    stop.set()
    prune_once(engine, stop)
    assert is_leader(replace(engine, worker_name="the other clock"), PRUNING_LEASE_NAME)
    prune_once(engine, threading.Event())

    assert deliveries(engine) == 1


def test_a_pruning_that_fails_ends_no_clock(engine, caplog):
    def away():
        raise ZeroDivisionError

    prune_once(replace(engine, readings=away), threading.Event())

    assert "tried again in an hour" in caplog.text
