"""Is everything delivered without a queue, a good part of it each second, and does nobody wait for a slow receiver?"""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from tests.fakes import answered
from tests.patience import PATIENCE, wait_until
from webhooks_app.engine.inline import INLINE_SECONDS, work_inline
from webhooks_app.engine.queueing import BATCH
from webhooks_app.engine.sweep import Swept, sweep
from webhooks_app.runtime.clock import PERIOD_SECONDS
from webhooks_app.storage.models import Delivery, Event


def row_of(engine, delivery) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, delivery.id)


@pytest.fixture
def gate(engine):
    gate = threading.Event()
    yield gate
    gate.set()
    engine.stragglers.drain(seconds=PATIENCE)


def test_the_sweep_dispatches_and_delivers_itself(engine, make_event, make_listener, queue, transport):
    make_event()
    make_listener()
    queue.is_down = True

    assert sweep(engine) == Swept(queued=1, inline=True)

    engine.stragglers.drain(seconds=PATIENCE)
    assert len(transport.sent) == 1
    with engine.sessions() as session:
        assert session.scalars(sa.select(Delivery.status)).all() == ["delivered"]
        assert session.scalars(sa.select(Event.dispatched_at)).all() == [engine.clock()]


def test_all_that_is_due_is_taken_up_in_one_pass(engine, make_delivery, make_listener, queue):
    listener = make_listener()
    for _ in range(2 * BATCH + 1):
        make_delivery(listener=listener)
    queue.is_down = True

    assert sweep(engine).queued == 2 * BATCH + 1


def test_a_pass_ends_when_its_time_is_over_so_that_the_clocks_other_duties_come_round(
    engine, make_delivery, make_listener, queue
):
    listener = make_listener()
    for _ in range(BATCH + 1):
        make_delivery(listener=listener)
    queue.is_down = True

    assert work_inline(engine, seconds=0) == BATCH
    assert INLINE_SECONDS < PERIOD_SECONDS


def test_nobody_waits_behind_a_slow_receiver(
    engine, make_delivery, make_listener, queue, transport, clock, gate
):
    transport.will_do(lambda _message: gate.wait(PATIENCE) and answered(200), at="http://127.0.0.1:9/hangs")
    hangs = make_listener(url="http://127.0.0.1:9/hangs", sends_in_flight=1)
    hung = [make_delivery(listener=hangs) for _ in range(3 * BATCH)]
    clock.tick(1)
    good = make_delivery()
    queue.is_down = True

    work_inline(engine, seconds=0)  # a job of the oldest
    work_inline(engine, seconds=0)

    wait_until(lambda: row_of(engine, good).status == "delivered")
    statuses = Counter(row_of(engine, one).status for one in hung)
    assert statuses == {"sending": BATCH, "pending": 2 * BATCH}  # one is in flight


class Leases:
    """Which tokens each delivery was sent under, read while it is sent."""

    def __init__(self, engine) -> None:
        self._engine, self._seen = engine, {}

    def look(self, _message):
        with self._engine.sessions() as session:
            for row in session.scalars(sa.select(Delivery).where(Delivery.lease_token.is_not(None))):
                self._seen.setdefault(row.id, []).append(row.lease_token)
        return answered(200)

    def of(self, delivery_id):
        return self._seen[delivery_id]


def test_what_goes_alone_goes_alone(engine, make_delivery, queue, transport):
    """Else a healthy delivery would be blamed for the crashes of the one beside it."""
    leases = Leases(engine)
    transport.will_do(leases.look)
    alone = [make_delivery(alone=True), make_delivery(alone=True)]
    together = [make_delivery(), make_delivery()]
    queue.is_down = True
    sweep(engine)
    engine.stragglers.drain(seconds=PATIENCE)

    tokens = [set(leases.of(one.id)) for one in (*alone, *together)]
    assert len(tokens[0] | tokens[1]) == 2
    assert tokens[2] == tokens[3] != tokens[0]
