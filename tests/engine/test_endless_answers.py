"""Can a receiver fill our memory or hold us up with what has no end? Rows 10, 21 to 24 of the security plan.

Each part of an answer is sent without end and as fast as it is taken: over plain connections and over TLS.
"""

from __future__ import annotations

import ssl
import time
import tracemalloc

import pytest

from tests.engine.hostile_receiver import Behaviour, flooding, receiving
from tests.patience import PATIENCE, SOON
from webhooks_app.engine import transport as transport_module
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
MUCH = b"x" * 65_536
MOST_BYTES = 5 * 1024 * 1024


@pytest.fixture
def sending(trusting: Transport, monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setattr(transport_module, "BODY_SECONDS", 0.5)
    return trusting


def sent(transport: Transport, behaviour: Behaviour, tls: ssl.SSLContext | None) -> Outcome:
    """What came of it, which took no time to speak of and little memory, the receiver's own included."""
    with receiving(behaviour, tls=tls) as receiver:
        message = Message(url=receiver.url(), headers=(), body=b"{}", timeout_seconds=PATIENCE)
        tracemalloc.start()
        try:
            began = time.monotonic()
            outcome = transport.send(message)
            took, most = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert took < SOON
    assert most < MOST_BYTES
    return outcome


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(flooding(b"", MUCH), id="status line"),
        pytest.param(flooding(b"HTTP/1.1 200 ", MUCH), id="reason"),
        pytest.param(flooding(b"HTTP/1.1 200", b" " * 65_536), id="blanks before a reason"),
        pytest.param(flooding(HEAD, MUCH), id="name of a header"),
        pytest.param(flooding(HEAD + b"x: ", MUCH), id="value of a header"),
        pytest.param(flooding(HEAD, b"x: y\r\n" * 10_000), id="headers"),
        pytest.param(flooding(HEAD, b"x: " + b"y" * 60_000 + b"\r\n"), id="long headers"),
        pytest.param(flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), id="interim answers"),
        pytest.param(flooding(b"HTTP/1.1 103 Early Hints\r\n", b"x: y\r\n" * 10_000), id="interim headers"),
        pytest.param(
            flooding(b"", b"HTTP/1.1 103 Early Hints\r\nx: " + b"y" * 60_000 + b"\r\n\r\n"),
            id="long interim headers",
        ),
        pytest.param(flooding(b"", b"\r\n" * 10_000), id="empty lines"),
    ],
)
def test_a_head_without_end_is_refused(
    sending: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    outcome = sent(sending, behaviour, tls)

    assert (outcome.error_class, outcome.status_code) == ("protocol_error", None)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(flooding(HEAD + b"\r\n", MUCH), id="body without a length"),
        pytest.param(flooding(HEAD + b"content-length: 99999999999\r\n\r\n", MUCH), id="long body"),
        pytest.param(flooding(CHUNKED, b"10000\r\n" + MUCH + b"\r\n"), id="chunks"),
        pytest.param(flooding(CHUNKED, b"1\r\nx\r\n" * 10_000), id="small chunks"),
        pytest.param(flooding(CHUNKED + b"fffffffff\r\n", MUCH), id="one chunk"),
        pytest.param(flooding(CHUNKED, b"0" * 65_536), id="size of a chunk"),
        pytest.param(flooding(CHUNKED + b"1;", MUCH), id="extension of a chunk"),
        pytest.param(flooding(CHUNKED + b"1\r\nx\r\n0\r\n", b"x: y\r\n" * 10_000), id="trailers"),
        pytest.param(flooding(CHUNKED + b"1\r\nx\r\n0\r\nx: ", MUCH), id="one trailer"),
    ],
)
def test_a_body_without_end_is_cut_and_delivered(
    sending: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    outcome = sent(sending, behaviour, tls)

    assert outcome.accepted
    assert len(outcome.response_body) <= transport_module.MAX_BODY_BYTES
    assert outcome.truncated


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(flooding(CHUNKED + b"1\r\nx\r\n0\r\n", b"x: y\r\n" * 10_000), id="trailers"),
        pytest.param(flooding(CHUNKED + b"1\r\nx\r\n0\r\nx: ", MUCH), id="one trailer"),
        pytest.param(flooding(CHUNKED, b"1;" + b"y" * 60_000 + b"\r\nx\r\n"), id="extensions"),
    ],
)
def test_what_frames_chunks_is_left_long_before_the_time_for_a_body_is_over(
    sending: Transport, tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
) -> None:
    monkeypatch.setattr(transport_module, "BODY_SECONDS", PATIENCE)

    outcome = sent(sending, behaviour, tls)

    assert outcome.accepted
    assert outcome.response_body.startswith(b"x")
    assert outcome.truncated == "broken"
