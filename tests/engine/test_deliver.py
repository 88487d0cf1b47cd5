"""The story of an attempt: claimed, sent, decided, recorded; left behind or given back where it takes long."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests import factories
from tests.fakes import FixedClock, answered
from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine.audit import SYSTEM
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.listeners import pause
from webhooks_app.engine.patience import ENDLESS, SLOW
from webhooks_app.engine.stragglers import LONGEST_WAIT_SECONDS, Stragglers
from webhooks_app.runtime.rq_queue import JOB_TIMEOUT_SECONDS
from webhooks_app.storage.models import Delivery, Status


def statuses(engine, *deliveries) -> list[str]:
    with engine.sessions() as session:
        return [session.get_one(Delivery, one.id).status for one in deliveries]


def has_begun(engine, *deliveries) -> list[bool]:
    with engine.sessions() as session:
        return [session.get_one(Delivery, one.id).leased_at is not None for one in deliveries]


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


def test_a_batch_is_sent_and_each_outcome_recorded(engine, make_delivery, transport):
    deliveries = [make_delivery() for _ in range(120)]
    deliver_batch(engine, [one.id for one in deliveries], patience=ENDLESS)

    assert len(transport.sent) == 120
    assert set(statuses(engine, *deliveries)) == {"delivered"}


def test_nothing_to_claim_sends_nothing(engine, make_delivery, transport):
    deliver_batch(engine, [make_delivery(status=Status.DELIVERED).id, "0" * 32])

    assert transport.sent == []


def test_no_transaction_is_open_while_sending(any_engine, transport):
    def write_meanwhile(_message):
        with any_engine.sessions.begin() as session:
            session.execute(sa.text("UPDATE webhooks_listeners SET name = 'x'"))
        return answered(200)

    transport.will_do(write_meanwhile)
    delivery = factories.make_delivery(any_engine)
    deliver_batch(any_engine, [delivery.id], patience=ENDLESS)

    assert statuses(any_engine, delivery) == ["delivered"]


# Receivers that take long


@pytest.fixture
def one_hangs(engine, make_listener, make_delivery, transport, gate):
    """Of three deliveries to a hanging receiver one is in flight; a fourth goes to a good one."""
    hanging = make_listener(url="http://127.0.0.1:9/hangs", sends_in_flight=1)

    def hang(_message):
        gate.wait(PATIENCE)
        return answered(200)

    transport.will_do(hang, at="http://127.0.0.1:9/hangs")
    return [make_delivery(listener=hanging) for _ in range(3)], make_delivery()


def test_a_job_goes_on_while_one_receiver_hangs(engine, one_hangs, gate, queue):
    hung, good = one_hangs
    began = time.monotonic()
    deliver_batch(engine, [*(one.id for one in hung), good.id])

    assert time.monotonic() - began < SOON
    wait_until(lambda: statuses(engine, good) == ["delivered"])
    assert statuses(engine, hung[0]) == ["sending"]

    wait_until(lambda: queue.pushed_slow)  # what could not begin goes to the worker that waits
    assert queue.pushed_slow == [[hung[1].id, hung[2].id]]
    assert statuses(engine, *hung) == ["sending", "pending", "pending"]
    with engine.sessions() as session:
        in_slow = session.scalars(sa.select(Delivery.id).where(Delivery.slow).order_by(Delivery.id)).all()
    assert in_slow == sorted([hung[1].id, hung[2].id])

    gate.set()
    wait_until(lambda: statuses(engine, hung[0]) == ["delivered"])


def test_a_patient_caller_waits_for_all_of_them(engine, one_hangs, gate):
    hung, good = one_hangs
    threading.Timer(0.3, gate.set).start()
    deliver_batch(engine, [*(one.id for one in hung), good.id], patience=ENDLESS)

    assert statuses(engine, *hung, good) == ["delivered"] * 4


def test_the_slow_worker_goes_on_to_its_next_job_while_a_receiver_hangs(engine, one_hangs, gate, queue):
    """What a stalled machine brought into its queue must not wait for every hung send before it."""
    hung, good = one_hangs
    deliver_batch(engine, [*(one.id for one in hung), good.id], patience=SLOW)

    assert not gate.is_set()
    assert statuses(engine, good) == ["delivered"]
    assert statuses(engine, *hung) == ["sending"] * 3
    assert has_begun(engine, *hung) == [
        True,
        False,
        False,
    ]  # so that, were it killed now, two were no attempt

    gate.set()
    wait_until(lambda: statuses(engine, *hung) == ["delivered"] * 3)
    assert queue.pushed_slow == []  # it had more patience than to give back what waited


def test_the_slow_worker_leaves_its_batch_behind_when_asked_to_stop(
    engine, one_hangs, gate, queue, transport
):
    def hurry():
        wait_until(lambda: transport.sent)
        engine.stragglers.hurry()

    hung, _ = one_hangs
    threading.Thread(target=hurry).start()
    began = time.monotonic()
    deliver_batch(engine, [one.id for one in hung], patience=SLOW)
    assert time.monotonic() - began < SOON

    threading.Timer(0.1, gate.set).start()
    engine.stragglers.drain(seconds=PATIENCE)
    assert statuses(engine, *hung) == ["delivered", "pending", "pending"]
    assert queue.pushed == [[hung[1].id, hung[2].id]]  # nobody knows yet whether it is slow with those


def test_a_job_waits_for_room_before_it_claims(engine, make_delivery):
    """A lease is not there to wait in: in a long wait another worker may send."""

    class Full(Stragglers):
        def wait_for_room(self, most):
            seen.append((most, statuses(engine, delivery)))

    seen, delivery = [], make_delivery()
    deliver_batch(replace(engine, stragglers=Full()), [delivery.id], patience=ENDLESS)

    assert seen == [(500, ["pending"])]


def test_a_job_that_is_interrupted_leaves_its_sends_to_be_recorded(engine, one_hangs, gate, transport):
    """RQ interrupts a job that takes too long, wherever it is; a database may be away for a while."""
    hung, good = one_hangs

    class Interrupted(FixedClock):
        struck = False

        def __call__(self):
            in_the_job = threading.current_thread() is threading.main_thread()
            if in_the_job and transport.sent and not self.struck:  # so it is recording
                self.struck = True
                raise TimeoutError("RQ's alarm")
            return super().__call__()

    with pytest.raises(TimeoutError):
        deliver_batch(replace(engine, clock=Interrupted()), [good.id, hung[0].id], patience=SLOW)
    gate.set()

    wait_until(lambda: statuses(engine, good, hung[0]) == ["delivered"] * 2)


@pytest.mark.parametrize("patience", [ENDLESS, replace(SLOW, seconds=ENDLESS.seconds)])
def test_what_waits_while_its_listener_is_paused_is_not_sent_and_then_held(
    engine, one_hangs, gate, transport, queue, clock, patience
):
    hung, _ = one_hangs
    job = threading.Thread(
        target=deliver_batch, args=(engine, [one.id for one in hung]), kwargs={"patience": patience}
    )
    job.start()
    wait_until(lambda: transport.sent)

    pause(engine, hung[0].listener_id, by=SYSTEM)
    clock.tick(1.001)  # what waited for less is sent: it was claimed a moment ago
    gate.set()
    job.join(PATIENCE)

    assert len(transport.sent) == 1
    assert statuses(engine, *hung) == ["delivered", "pending", "pending"]
    assert sorted(queue.pushed_ids) == sorted([hung[1].id, hung[2].id])
    deliver_batch(engine, queue.pushed_ids)
    assert statuses(engine, *hung) == ["delivered", "held", "held"]


def test_what_is_sent_soon_after_its_claim_asks_nothing(engine, one_hangs, gate, transport, clock):
    """A statement a send would double what a quick delivery costs."""
    hung, _ = one_hangs
    job = threading.Thread(
        target=deliver_batch, args=(engine, [one.id for one in hung]), kwargs={"patience": ENDLESS}
    )
    job.start()
    wait_until(lambda: transport.sent)
    pause(engine, hung[0].listener_id, by=SYSTEM)
    clock.tick(1)
    gate.set()
    job.join(PATIENCE)

    assert statuses(engine, *hung) == ["delivered"] * 3


def test_a_jobs_timeout_is_longer_than_a_slow_batch_and_shorter_than_its_lease(engine):
    longest_attempt = 60  # what WEBHOOKS_TIMEOUT_SECONDS allows
    slow_batch = LONGEST_WAIT_SECONDS + SLOW.begin_seconds + longest_attempt

    lease = longest_attempt + engine.lease_margin.total_seconds()

    assert slow_batch + 5 < JOB_TIMEOUT_SECONDS
    assert lease > JOB_TIMEOUT_SECONDS + 10
