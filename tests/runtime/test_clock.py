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

from webhooks_app.engine.leader import is_leader
from webhooks_app.runtime.clock import LEASE_NAME, run_clock, tick
from webhooks_app.storage.models import Lease


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

    run_clock(replace(engine, queue=Watched()), period_seconds=0.05)

    assert len(wiped) == 3
    assert wiped[2] - wiped[0] > 0.08  # two periods, less what a tick took
    assert leases(engine) == 0


def test_sigterm_is_heard_while_it_waits(engine, own_signals):
    began = time.monotonic()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    run_clock(engine, period_seconds=30)

    assert time.monotonic() - began < 3
