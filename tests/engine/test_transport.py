"""What goes over the wire, what comes back of it, and who else takes part? Nobody."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from tests.engine.hostile_receiver import (
    OK,
    Conversation,
    answering,
    receiving,
    silent,
    well_behaved,
)
from tests.patience import PATIENCE
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import GONE, Outcome
from webhooks_app.engine.transport import Transport
from webhooks_app.errors import SettingError


def send(transport: Transport, url: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
    return transport.send(Message(url=url, headers=headers, body=b'{"name":"Joe"}', timeout_seconds=PATIENCE))


def test_exactly_the_message_is_sent(sending: Transport) -> None:
    headers = (("content-type", "application/json"), ("user-agent", "webhooks-app/1"), ("x-team", "red"))
    with receiving(well_behaved) as receiver:
        send(sending, receiver.url(path="/a%20b?q=1"), headers=headers)

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"POST /a%20b?q=1 HTTP/1.1"
    assert {line.decode().lower() for line in lines} == {
        f"host: 127.0.0.1:{receiver.port}",
        "accept-encoding: identity",
        "content-length: 14",
        "content-type: application/json",
        "user-agent: webhooks-app/1",
        "x-team: red",
    }
    assert body == b'{"name":"Joe"}'


def test_an_answer_is_told_with_its_timings(sending: Transport) -> None:
    answer = b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 4\r\n\r\ndone"
    with receiving(answering(answer)) as receiver:
        outcome = send(sending, receiver.url("hooks.example.com"))

    assert outcome.accepted
    assert (outcome.status_code, outcome.error_class, outcome.error) == (201, None, None)
    assert outcome.response_headers == (("X-Id", "7"), ("Content-Length", "4"))
    assert (outcome.response_body, outcome.truncated, outcome.ip) == (b"done", "", "127.0.0.1")
    timings = outcome.timings
    phases = [timings.dns_ms, timings.connect_ms, timings.first_byte_ms, timings.read_ms]
    assert all(phase is not None and 0 <= phase <= timings.total_ms for phase in phases)
    assert timings.tls_ms is None


def test_an_attempt_that_hung_tells_how_long_it_waited(sending: Transport) -> None:
    with receiving(silent) as receiver:
        message = Message(url=receiver.url(), headers=(), body=b"{}", timeout_seconds=0.5)
        timings = sending.send(message).timings

    assert timings.first_byte_ms is not None and timings.first_byte_ms > 0
    assert timings.read_ms is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(sending: Transport, status: int) -> None:
    with receiving(well_behaved) as trap:
        moved = f"HTTP/1.1 {status} Moved\r\nlocation: {trap.url()}\r\ncontent-length: 0\r\n\r\n"
        with receiving(answering(moved.encode())) as receiver:
            outcome = send(sending, receiver.url())

        assert trap.conversations == []
    assert outcome.error_class == f"http_{status}"
    assert outcome.error == (
        f"Receiver answered {status}; redirects are not followed. Change the URL to {trap.url()}"
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            b"HTTP/1.1 500 \x1b[2J\r\ncontent-length: 0\r\n\r\n",
            "The receiver answered 500 Internal Server Error.",
        ),
        (b"HTTP/1.1 410 Enough\r\ncontent-length: 0\r\n\r\n", GONE),
        (b"HTTP/1.1 799 Odd\r\ncontent-length: 0\r\n\r\n", "The receiver answered 799."),
        (b"HTTP/1.1 304 Same\r\n\r\n", "Receiver answered 304; redirects are not followed."),
    ],
)
def test_a_failure_is_told_in_our_words(sending: Transport, answer: bytes, sentence: str) -> None:
    with receiving(answering(answer)) as receiver:
        assert send(sending, receiver.url()).error == sentence


def test_cookies_are_neither_kept_nor_sent(sending: Transport) -> None:
    answer = b"HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ncontent-length: 0\r\n\r\n"
    with receiving(answering(answer, answer)) as receiver:
        send(sending, receiver.url())
        send(sending, receiver.url())

    assert len(receiver.requests) == 2
    assert b"cookie" not in receiver.requests[1].lower()


def test_the_environment_takes_no_part(
    sending: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login joe password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with receiving(well_behaved) as trap, receiving(well_behaved) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, trap.url())

        assert send(sending, receiver.url()).accepted

        assert trap.conversations == []
    assert b"authorization" not in receiver.requests[0].lower()


def test_an_explicit_proxy_gets_the_name_and_no_address_of_ours() -> None:
    with receiving(well_behaved) as proxy:
        transport = Transport(NetworkPolicy(), proxy=f"http://joe:pw@127.0.0.1:{proxy.port}")
        through = send(transport, "http://hooks.example.com/x")
        literal = send(transport, "http://10.0.0.1/x")
        transport.close()

    assert through.accepted
    assert literal.error_class == "ip_not_public"
    assert len(proxy.requests) == 1
    assert proxy.requests[0].startswith(b"POST http://hooks.example.com/x HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic" in proxy.requests[0].replace(b"Proxy-A", b"proxy-a")


def test_a_tunnel_that_the_proxy_refuses_is_a_refused_connection() -> None:
    with receiving(answering(b"HTTP/1.1 403 Forbidden\r\n\r\n")) as proxy:
        transport = Transport(NetworkPolicy(), proxy=proxy.url(path=""))
        outcome = send(transport, "https://hooks.example.com/x")
        transport.close()

    assert proxy.conversations[0].requests[0].startswith(b"CONNECT hooks.example.com:443 ")
    assert outcome.error_class == "connect_refused"
    assert outcome.error == "The outbound proxy did not open the connection."


def test_another_kind_of_proxy_is_a_bad_setting() -> None:
    with pytest.raises(SettingError, match="WEBHOOKS_OUTBOUND_PROXY"):
        Transport(NetworkPolicy(), proxy="socks5://127.0.0.1:1080")


def test_many_threads_share_one_transport(sending: Transport) -> None:
    outcomes: list[Outcome] = []

    def some(url: str) -> None:
        outcomes.extend(send(sending, url) for _ in range(10))

    with receiving(well_behaved) as receiver:
        threads = [threading.Thread(target=some, args=(receiver.url(),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(receiver.conversations) <= 8
    assert len(outcomes) == 80
    assert all(outcome.accepted for outcome in outcomes)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_has_connections_and_threads_of_its_own(sending: Transport) -> None:
    def slow(to: Conversation) -> None:
        while b"/hang" not in to.request():
            to.send(OK)
        to.wait()

    with receiving(slow) as receiver:
        assert send(sending, receiver.url()).accepted
        told = _in_child(sending, (receiver.url(), PATIENCE), (receiver.url(path="/hang"), 0.3))
        assert send(sending, receiver.url()).accepted

        assert told == [[200, None], [None, "deadline"]]
        assert len(receiver.conversations) == 2  # one for each process


def _in_child(transport: Transport, *sends: tuple[str, float]) -> list[list[object]]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        outcomes = [
            transport.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=seconds))
            for url, seconds in sends
        ]
        os.write(writing, json.dumps([[one.status_code, one.error_class] for one in outcomes]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told: list[list[object]] = json.loads(pipe.read())
    os.waitpid(child, 0)
    return told


def test_a_request_that_cannot_be_made_is_an_outcome_too(
    sending: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = send(sending, "http://127.0.0.1/", headers=(("x-a", "\u65e5"),))

    assert outcome.error_class == "internal"
    assert outcome.error == "The request could not be sent; the log says why."
    assert "could not be sent" in caplog.text


def test_a_closed_transport_begins_anew(sending: Transport) -> None:
    with receiving(well_behaved) as receiver:
        send(sending, receiver.url())
        sending.close()

        assert send(sending, receiver.url()).accepted
        assert len(receiver.conversations) == 2
