"""Which answers count, and which are no HTTP, be they ever so odd? Rows 24 to 26 of the security plan."""

from __future__ import annotations

import ssl

import pytest

from tests.engine.hostile_receiver import OK, answering, receiving, reset
from tests.patience import PATIENCE
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport

HEAD = b"HTTP/1.1 200 OK\r\n"


def send(transport: Transport, url: str) -> Outcome:
    return transport.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=PATIENCE))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not valid HTTP"),
        (b"hello\r\n", "not valid HTTP"),  # HTTP/0.9
        (b"HTTP/1.1 999999 Many\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "not valid HTTP"),
        # What int() takes for 200, and RFC 9112 section 4 does not.
        (b"HTTP/1.1 +200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 2_00 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 0200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.9junk 200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.9 200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b" HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 200", "not valid HTTP"),  # closed in its first line
        (b"HTTP/1.1 200 " + b"y" * 70_000 + b"\r\n\r\n", "header of the receiver's answer is larger"),
        (b"HTTP/2 200 OK\r\n\r\n", "not valid HTTP"),
        (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab", "not valid HTTP"),
        (HEAD + b"x: y\r\n" * 101 + b"\r\n", "header of the receiver's answer is larger"),
        (HEAD + b"x: " + b"y" * 70_000 + b"\r\n\r\n", "header of the receiver's answer is larger"),
        (HEAD + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 60_000) for n in range(5)) + b"\r\n", "256 KiB in all"),
        (HEAD + b"x: y\r\n", "not valid HTTP"),  # closed in the head: not a success
        (HEAD, "not valid HTTP"),
        (HEAD + b"x: y", "not valid HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9 + OK, "not valid HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n" + b"x: y\r\n" * 101 + b"\r\n" + OK, "receiver's answer is larger"),
        (  # interim answers count with it
            (b"HTTP/1.1 103 Early Hints\r\nx: " + b"y" * 60_000 + b"\r\n\r\n") * 5 + OK,
            "256 KiB in all",
        ),
        (b"", "closed the connection without an answer"),
    ],
)
def test_a_malformed_answer_is_a_protocol_error(
    trusting: Transport, tls: ssl.SSLContext | None, answer: bytes, sentence: str
) -> None:
    with receiving(answering(answer), tls=tls) as receiver:
        outcome = send(trusting, receiver.url())

    assert (outcome.error_class, outcome.status_code) == ("protocol_error", None)
    assert outcome.error is not None
    assert sentence in outcome.error


def test_a_reset_is_a_protocol_error(trusting: Transport) -> None:
    with receiving(reset) as receiver:
        outcome = send(trusting, receiver.url())

    assert outcome.error_class == "protocol_error"
    assert outcome.error == "The receiver broke the connection before its answer."


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 8 + OK, 200),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 204),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", 101),
        (b"HTTP/1.1 600 What\r\ncontent-length: 0\r\n\r\n", 600),
        (b"HTTP/1.1 200 \xe9\xff\r\nx: \xe9\r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", 200),  # without the blank before a reason that is none
        (b"HTTP/1.1  200 \r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\ncontent-length: 0\n\n", 200),
        (HEAD + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 60_000) for n in range(4)) + b"\r\n", 200),
    ],
    ids=[
        "8 interim",
        "100",
        "101",
        "600",
        "high bytes",
        "1.0",
        "no reason",
        "more blanks",
        "bare line ends",
        "large head",
    ],
)
def test_an_odd_but_whole_answer_counts_by_its_status(
    trusting: Transport, answer: bytes, status: int
) -> None:
    with receiving(answering(answer)) as receiver:
        outcome = send(trusting, receiver.url())

    assert outcome.status_code == status
    assert outcome.error_class == (None if status in (200, 204) else f"http_{status}")


def test_stored_headers_are_few_short_and_printable(trusting: Transport) -> None:
    many = b"".join(b"x-%d: \x1b[2J\x00\xe9\r\n" % n for n in range(90))
    long = b"x-long: " + b"y" * 60_000 + b"\r\n"
    with (
        receiving(answering(HEAD + many + b"content-length: 0\r\n\r\n")) as flooded,
        receiving(answering(HEAD + long + b"content-length: 0\r\n\r\n")) as swollen,
    ):
        few = send(trusting, flooded.url()).response_headers
        short = send(trusting, swollen.url()).response_headers

    assert len(few) == 64
    assert few[0] == ("x-0", "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}é")
    assert sum(len(name) + len(value) for name, value in short) <= 8192
    assert short[0][1].startswith("yyy")


def test_the_log_shows_nothing_of_a_malformed_answer(
    trusting: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(answering(HEAD + b"no colon here\r\ncontent-length: 0\r\n\r\n")) as receiver:
        send(trusting, receiver.url(path="/secret-token"))

    assert caplog.text == ""
