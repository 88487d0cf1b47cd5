"""Can a receiver hold a delivery past its deadline, fill our memory, or break its answer and succeed?"""

from __future__ import annotations

import resource
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.engine.certificates import Authority
from tests.engine.hostile_receiver import (
    OK,
    Behaviour,
    answering,
    dripping,
    flooding,
    in_turn,
    keeping,
    never_reading,
    receiving,
    reset,
    silent,
    well_behaved,
)
from tests.patience import PATIENCE, SOON
from webhooks_app.engine import transport as transport_module
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport

DEADLINE = (
    0.3  # for receivers that never answer: then it does not matter how far an attempt came in that time
)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"

POLICY = NetworkPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext | None:
    return authority.server("127.0.0.1") if request.param == "tls" else None


@pytest.fixture(scope="module")
def sending(authority: Authority) -> Iterator[Transport]:
    transport = Transport(POLICY, threads=4, ca_file=str(authority.file))
    yield transport
    transport.close()


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
    sending: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(sending, receiver.url(), seconds=DEADLINE)

        assert time.monotonic() - began < SOON
    assert (outcome.error_class, outcome.status_code) == ("deadline", None)


def test_a_deadline_that_comes_while_an_answer_is_waited_for_is_told(sending: Transport) -> None:
    with receiving(silent) as receiver:
        outcome = send(sending, receiver.url(), seconds=2)  # enough to connect, also on a loaded machine

    assert outcome.error == "There was no complete answer within 2 seconds."


def test_a_receiver_that_never_reads_is_left_at_the_deadline(
    sending: Transport, tls: ssl.SSLContext | None
) -> None:
    with receiving(never_reading, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(sending, receiver.url(), body=b"x" * 40_000_000, seconds=DEADLINE)

        assert time.monotonic() - began < SOON
    assert outcome.error_class == "deadline"


@pytest.mark.parametrize("behaviour", [never_reading, dripping(b"", b"\x16")], ids=["stalled", "dripping"])
def test_a_handshake_that_does_not_end_is_left_at_the_deadline(
    sending: Transport, behaviour: Behaviour
) -> None:
    with receiving(behaviour) as receiver:
        began = time.monotonic()

        outcome = send(sending, receiver.url().replace("http:", "https:"), seconds=DEADLINE)

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
    sending: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        began = time.monotonic()

        outcome = send(sending, receiver.url())

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
        "until closed",
        "none",
        "encoded",
        "at the limit",
        "over the limit",
    ],
)
def test_the_head_decides_and_the_body_is_kept_as_far_as_it_came(
    sending: Transport, tls: ssl.SSLContext | None, behaviour: Behaviour, body: bytes, truncated: str
) -> None:
    with receiving(behaviour, tls=tls) as receiver:
        outcome = send(sending, receiver.url())

    assert outcome.accepted
    assert (outcome.response_body, outcome.truncated) == (body, truncated)


@pytest.mark.parametrize("status", [b"302 Found\r\nlocation: /x", b"200 OK\r\ncontent-encoding: gzip"])
def test_an_endless_body_costs_no_memory(sending: Transport, status: bytes) -> None:
    behaviour = flooding(b"HTTP/1.1 " + status + b"\r\ncontent-length: 400000000\r\n\r\n", b"\0" * 65536)
    with receiving(behaviour) as receiver:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        outcome = send(sending, receiver.url())

        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (len(outcome.response_body), outcome.truncated) == (65536, "size")
    assert receiver.conversations[0].sent < 40_000_000  # and not all of it was read
    assert grown < 5 * 1024  # KiB


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not valid HTTP"),
        (b"hello\r\n", "not valid HTTP"),  # HTTP/0.9
        (b"HTTP/1.1 999999 Many\r\n\r\n", "not valid HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "not valid HTTP"),
        (b"HTTP/2 200 OK\r\n\r\n", "not valid HTTP"),
        (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab", "not valid HTTP"),
        (HEAD + b"x: y\r\n" * 101 + b"\r\n", "header of the receiver's answer is larger"),
        (HEAD + b"x: " + b"y" * 70_000 + b"\r\n\r\n", "header of the receiver's answer is larger"),
        (HEAD + b"x: y\r\n", "not valid HTTP"),  # closed in the head: not a success
        (HEAD, "not valid HTTP"),
        (HEAD + b"x: y", "not valid HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9 + OK, "not valid HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n" + b"x: y\r\n" * 101 + b"\r\n" + OK, "receiver's answer is larger"),
        (b"", "closed the connection without an answer"),
    ],
)
def test_a_malformed_answer_is_a_protocol_error(
    sending: Transport, tls: ssl.SSLContext | None, answer: bytes, sentence: str
) -> None:
    with receiving(answering(answer), tls=tls) as receiver:
        outcome = send(sending, receiver.url())

    assert (outcome.error_class, outcome.status_code) == ("protocol_error", None)
    assert outcome.error is not None
    assert sentence in outcome.error


def test_a_reset_is_a_protocol_error(sending: Transport) -> None:
    with receiving(reset) as receiver:
        outcome = send(sending, receiver.url())

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
        (HEAD + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 60_000) for n in range(99)) + b"\r\n", 200),
    ],
    ids=["8 interim", "100", "101", "600", "high bytes", "large head"],
)
def test_an_odd_but_whole_answer_counts_by_its_status(sending: Transport, answer: bytes, status: int) -> None:
    with receiving(answering(answer)) as receiver:
        outcome = send(sending, receiver.url())

    assert outcome.status_code == status
    assert outcome.error_class == (None if status in (200, 204) else f"http_{status}")


def test_stored_headers_are_few_short_and_printable(sending: Transport) -> None:
    many = b"".join(b"x-%d: \x1b[2J\x00\xe9\r\n" % n for n in range(90))
    long = b"x-long: " + b"y" * 60_000 + b"\r\n"
    with (
        receiving(answering(HEAD + many + b"content-length: 0\r\n\r\n")) as flooded,
        receiving(answering(HEAD + long + b"content-length: 0\r\n\r\n")) as swollen,
    ):
        few = send(sending, flooded.url()).response_headers
        short = send(sending, swollen.url()).response_headers

    assert len(few) == 64
    assert few[0] == ("x-0", "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}é")
    assert sum(len(name) + len(value) for name, value in short) <= 8192
    assert short[0][1].startswith("yyy")


def test_a_connection_cut_by_the_deadline_is_not_used_again(sending: Transport) -> None:
    stopping = keeping(HEAD + b"content-length: 9\r\n\r\nx")
    with receiving(in_turn(stopping, well_behaved)) as receiver:
        assert send(sending, receiver.url(), seconds=2).truncated == "time"
        assert send(sending, receiver.url()).response_body == b"ok"

        assert len(receiver.conversations) == 2


def test_the_log_shows_nothing_of_a_malformed_answer(
    sending: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(answering(HEAD + b"no colon here\r\ncontent-length: 0\r\n\r\n")) as receiver:
        send(sending, receiver.url(path="/secret-token"))

    assert caplog.text == ""


def test_the_next_delivery_is_well_after_a_bad_one(sending: Transport) -> None:
    with receiving(silent) as bad, receiving(well_behaved) as good:
        send(sending, bad.url(), seconds=DEADLINE)

        assert send(sending, good.url()).accepted
