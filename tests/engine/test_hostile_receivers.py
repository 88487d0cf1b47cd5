"""Can a receiver hold a delivery past its deadline, or fill our memory? Rows 10 and 21 to 23 of the security plan."""

from __future__ import annotations

import resource
import ssl
import time

import pytest

from tests.engine.hostile_receiver import (
    Behaviour,
    answering,
    dripping,
    flooding,
    in_turn,
    keeping,
    never_reading,
    receiving,
    silent,
    well_behaved,
)
from tests.patience import PATIENCE, SOON
from webhooks_app.engine import transport as transport_module
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport

DEADLINE = (
    0.3  # for receivers that never answer: then it does not matter how far an attempt came in that time
)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def send(transport: Transport, url: str, *, body: bytes = b"{}", seconds: float = PATIENCE) -> Outcome:
    return transport.send(Message(url=url, headers=(), body=body, timeout_seconds=seconds))


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silent, id="never answers"),
        pytest.param(dripping(b"", b"H"), id="drips its status line"),
        pytest.param(dripping(HEAD, b"x-a: b\r\n"), id="drips headers"),
        pytest.param(dripping(HEAD + b"x-a: ", b"b"), id="drips one header line"),
        pytest.param(dripping(b"HTTP/1.1 100 Continue\r\n", b"x: y\r\n"), id="drips an interim answer"),
        pytest.param(keeping(HEAD + b"x-a: b\r\n"), id="stops in its head"),
    ],
)
def test_a_head_that_does_not_come_ends_at_the_deadline(
    trusting: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(trusting, receiver.url(), seconds=DEADLINE)

        assert time.monotonic() - began < SOON
    assert (outcome.error_class, outcome.status_code) == ("deadline", None)


def test_a_deadline_that_comes_while_an_answer_is_waited_for_is_told(trusting: Transport) -> None:
    with receiving(silent) as receiver:
        outcome = send(trusting, receiver.url(), seconds=2)  # enough to connect, also on a loaded machine

    assert outcome.error == "There was no complete answer within 2 seconds."


def test_a_receiver_that_never_reads_is_left_at_the_deadline(
    trusting: Transport, tls: ssl.SSLContext | None
) -> None:
    with receiving(never_reading, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(trusting, receiver.url(), body=b"x" * 40_000_000, seconds=DEADLINE)

        assert time.monotonic() - began < SOON
    assert outcome.error_class == "deadline"


@pytest.mark.parametrize("behaviour", [never_reading, dripping(b"", b"\x16")], ids=["stalled", "dripping"])
def test_a_handshake_that_does_not_end_is_left_at_the_deadline(
    trusting: Transport, behaviour: Behaviour
) -> None:
    with receiving(behaviour) as receiver:
        began = time.monotonic()

        outcome = send(trusting, receiver.url().replace("http:", "https:"), seconds=DEADLINE)

        assert time.monotonic() - began < SOON
    assert outcome.error_class in ("deadline", "tls_error")  # a drip of nonsense can be refused earlier


@pytest.fixture
def short_body_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a body begins when its head is there, however long that took."""
    monkeypatch.setattr(transport_module, "BODY_SECONDS", DEADLINE)


@pytest.mark.usefixtures("short_body_time")
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(dripping(HEAD + b"content-length: 99999\r\n\r\nx", b"x"), id="drips its body"),
        pytest.param(dripping(CHUNKED + b"1\r\nx\r\n", b"1\r\nx\r\n"), id="drips chunks"),
        pytest.param(dripping(HEAD + b"\r\nx", b"x"), id="drips without a length"),
        pytest.param(keeping(HEAD + b"content-length: 9\r\n\r\nx"), id="stops in its body"),
    ],
)
def test_a_body_that_does_not_come_is_a_delivered_one_cut_by_time(
    trusting: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(trusting, receiver.url())

        assert time.monotonic() - began < SOON
    assert outcome.accepted
    assert outcome.truncated == "time"
    assert outcome.response_body.startswith(b"x")


@pytest.mark.parametrize(
    ("behaviour", "body", "truncated"),
    [
        (answering(HEAD + b"content-length: 9\r\n\r\nshort"), b"short", "broken"),
        (answering(CHUNKED + b"zz\r\nwhat"), b"", "broken"),
        (answering(CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n"), b"abcd", ""),
        (answering(CHUNKED + b"4;a=b\r\nabcd\r\n0\r\nx: y\r\n\r\n"), b"abcd", ""),
        (answering(CHUNKED + b"4\r\nabcd\r\n0\r\n"), b"abcd", ""),  # without the end of its trailers
        (answering(CHUNKED + b"1\r\nx\r\n" * 65536 + b"0\r\n\r\n"), b"x" * 65536, ""),
        (answering(HEAD + b"\r\nuntil the end"), b"until the end", ""),
        (answering(b"HTTP/1.1 204 No Content\r\n\r\n"), b"", ""),
        (
            answering(HEAD + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08"),
            b"\x1f\x8b\x08",
            "",
        ),
        (answering(HEAD + b"content-length: 65536\r\n\r\n" + b"x" * 65536), b"x" * 65536, ""),
        (answering(HEAD + b"content-length: 65537\r\n\r\n" + b"x" * 65537), b"x" * 65536, "size"),
    ],
    ids=[
        "short",
        "chunk garbage",
        "chunks",
        "extension and trailer",
        "no end of trailers",
        "chunks of a byte",
        "until closed",
        "none",
        "encoded",
        "at the limit",
        "over the limit",
    ],
)
def test_the_head_decides_and_the_body_is_kept_as_far_as_it_came(
    trusting: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour, body: bytes, truncated: str
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        outcome = send(trusting, receiver.url())

    assert outcome.accepted
    assert (outcome.response_body, outcome.truncated) == (body, truncated)


@pytest.mark.parametrize("status", [b"302 Found\r\nlocation: /x", b"200 OK\r\ncontent-encoding: gzip"])
def test_an_endless_body_costs_no_memory(trusting: Transport, status: bytes) -> None:
    behaviour = flooding(b"HTTP/1.1 " + status + b"\r\ncontent-length: 400000000\r\n\r\n", b"\0" * 65536)
    with receiving(behaviour) as receiver:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        outcome = send(trusting, receiver.url())

        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (len(outcome.response_body), outcome.truncated) == (65536, "size")
    assert receiver.conversations[0].sent < 40_000_000  # and not all of it was read
    assert grown < 5 * 1024  # KiB


def test_a_connection_cut_by_the_deadline_is_not_used_again(trusting: Transport) -> None:
    stopping = keeping(HEAD + b"content-length: 9\r\n\r\nx")
    with receiving(in_turn(stopping, well_behaved)) as receiver:
        assert send(trusting, receiver.url(), seconds=2).truncated == "time"
        assert send(trusting, receiver.url()).response_body == b"ok"

        assert len(receiver.conversations) == 2


def test_the_next_delivery_is_well_after_a_bad_one(trusting: Transport) -> None:
    with receiving(silent) as bad, receiving(well_behaved) as good:
        send(trusting, bad.url(), seconds=DEADLINE)

        assert send(trusting, good.url()).accepted
