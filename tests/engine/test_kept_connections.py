"""When is a connection used again, and what if the receiver has closed it?"""

from __future__ import annotations

import time

import pytest

from tests.engine.hostile_receiver import (
    OK,
    Behaviour,
    answering,
    in_turn,
    once_and_then_reset,
    receiving,
    silent,
    well_behaved,
)
from tests.patience import PATIENCE, SOON, wait_until
from webhooks_app.engine.exchange import Exchange, enter
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport


def send(transport: Transport, url: str, *, seconds: float = PATIENCE) -> Outcome:
    return transport.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=seconds))


def test_connections_are_kept_and_their_address_is_told_again(sending: Transport) -> None:
    with receiving(well_behaved) as receiver:
        outcomes = [send(sending, receiver.url()) for _ in range(5)]

        assert len(receiver.conversations) == 1
    assert {outcome.ip for outcome in outcomes} == {"127.0.0.1"}
    assert [outcome.timings.connect_ms is None for outcome in outcomes] == [False, True, True, True, True]


def test_a_connection_that_the_receiver_closed_is_opened_anew(sending: Transport) -> None:
    with receiving(answering(OK)) as receiver:
        assert send(sending, receiver.url()).accepted
        receiver.conversations[0].ended.wait(PATIENCE)

        assert send(sending, receiver.url()).accepted


@pytest.mark.parametrize("ends", [answering(OK, b""), once_and_then_reset], ids=["closed", "reset"])
def test_a_connection_that_is_closed_while_it_is_used_again_costs_no_attempt(
    sending: Transport, ends: Behaviour
) -> None:
    # It looked open when it was taken from the pool: its end came between that and the answer.
    with receiving(in_turn(ends, well_behaved)) as receiver:
        assert send(sending, receiver.url()).accepted

        outcome = send(sending, receiver.url())

    assert outcome.accepted
    assert outcome.timings.connect_ms is not None
    assert [len(one.requests) for one in receiver.conversations] == [2, 1]


def test_a_new_connection_that_is_closed_without_an_answer_is_an_outcome(sending: Transport) -> None:
    with receiving(in_turn(answering(OK, b""), answering(b""))) as receiver:
        send(sending, receiver.url())

        outcome = send(sending, receiver.url())

        assert outcome.error_class == "protocol_error"
        assert [len(one.requests) for one in receiver.conversations] == [2, 1]


def test_the_second_connection_has_only_the_time_that_is_left(sending: Transport) -> None:
    with receiving(in_turn(answering(OK, b""), silent)) as receiver:
        send(sending, receiver.url())
        began_at = time.monotonic()

        outcome = send(sending, receiver.url(), seconds=0.3)

    assert outcome.error_class == "deadline"
    assert time.monotonic() - began_at < SOON


def test_connections_past_a_minute_are_not_used_and_are_closed(sending: Transport) -> None:
    with receiving(well_behaved) as receiver:
        send(sending, receiver.url())
        (process,) = sending._processes.values()
        pools = process.adapter.poolmanager.pools
        (pool,) = (pools[key] for key in pools.keys())  # noqa: SIM118 - it refuses to be iterated
        (connection,) = [one for one in pool.pool.queue if one is not None]

        connection.dialled_at -= 61
        send(sending, receiver.url())
        assert len(receiver.conversations) == 2

        connection.dialled_at -= 61
        process.adapter.close_old()
        assert connection.sock is None


def test_a_connection_in_the_pool_is_out_of_reach_of_the_old_deadline(sending: Transport) -> None:
    with receiving(well_behaved) as receiver:
        send(sending, receiver.url())
        (process,) = sending._processes.values()
        pools = process.adapter.poolmanager.pools
        (pool,) = (pools[key] for key in pools.keys())  # noqa: SIM118 - it refuses to be iterated
        exchange = Exchange(
            policy=sending.policy,
            resolver=process.resolver,
            watchdog=process.watchdog,
            timeout_seconds=PATIENCE,
        )
        enter(exchange)
        connection = pool._get_conn()
        exchange.watch(connection.sock)

        pool._put_conn(connection)
        enter(None)
        process.watchdog.bring_forward(exchange.deadline, 0)
        wait_until(lambda: not process.watchdog._heap)

        assert send(sending, receiver.url()).accepted
        assert len(receiver.conversations) == 1
