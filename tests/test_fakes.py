"""Do the fakes behave as the parts that they stand for?"""

from __future__ import annotations

import pytest

from webhooks_app.engine import QueueUnreachable
from webhooks_app.engine.message import Message
from webhooks_app.storage.models import Delivery, Status


def a_message(url: str = "http://127.0.0.1:9/") -> Message:
    return Message(url=url, headers=(), body=b"{}", timeout_seconds=1)


def test_the_transport_gives_its_answers_in_order_and_stays_with_the_last(transport):
    transport.will_answer(500)
    transport.will_fail("dns_failure")
    transport.will_answer(204)

    outcomes = [transport.send(a_message()) for _ in range(4)]

    assert [outcome.status_code for outcome in outcomes] == [500, None, 204, 204]
    assert [outcome.error_class for outcome in outcomes] == ["http_500", "dns_failure", None, None]
    assert len(transport.sent) == 4


def test_the_transport_answers_one_url_apart(transport):
    transport.will_answer(410, at="http://127.0.0.1:9/gone")

    assert transport.send(a_message("http://127.0.0.1:9/gone")).status_code == 410
    assert transport.send(a_message()).status_code == 200


def test_the_queue_takes_one_ring_until_it_is_answered(queue):
    queue.ring()
    queue.ring()
    assert queue.rings == 1

    queue.answer()
    queue.ring()
    assert queue.rings == 2


def test_the_queue_that_is_down_refuses_every_call(queue):
    queue.is_down = True

    for call in (
        queue.ring,
        queue.answer,
        queue.length,
        queue.was_wiped,
        queue.mark,
        lambda: queue.push([["a"]]),
    ):
        with pytest.raises(QueueUnreachable):
            call()


def test_the_clock_moves_only_when_told(clock):
    before = clock()

    assert clock() == before
    assert (clock.tick(90) - before).total_seconds() == 90


def test_a_made_delivery_hangs_together(engine, make_delivery):
    delivery = make_delivery(status=Status.SENDING)

    with engine.sessions() as session:
        stored = session.get(Delivery, delivery.id)
        assert (stored.hook, stored.status) == ("person", "sending")
        assert stored.lease_token
