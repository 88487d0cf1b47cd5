"""What if the name server fails, is silent, says too much, or changes its mind? Each has its word in the log."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.engine.hostile_receiver import records
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.transport import Transport


class StubNames:
    """A resolver that answers from a list, one answer a question, the last one again and again."""

    def __init__(self, *answers) -> None:
        self._answers = list(answers)
        self.over = threading.Event()

    def __call__(self, name: str, port: int):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer == "silence":
            self.over.wait(30)
            return []
        if isinstance(answer, Exception):
            raise answer
        return [(*record[:4], (record[4][0], port)) for record in answer]


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of loopback that answers each request with 200."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            server.settimeout(0.2)
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join(5)


def attempts(names: StubNames, port: int, *, count: int = 1, timeout_seconds: float = 10.0):
    """What comes of so many attempts at a name; only loopback is allowed."""
    policy = NetworkPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))
    transport = Transport(policy, resolver=names, threads=2)
    message = Message(f"http://receiver.example.com:{port}/", (), b"{}", timeout_seconds)
    try:
        return [transport.send(message) for _ in range(count)]
    finally:
        names.over.set()
        transport.close()


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "SERVFAIL"), "dns_failure"),
        (socket.gaierror(socket.EAI_NONAME, "NXDOMAIN"), "dns_failure"),
        (records("10.0.0.1"), "ip_not_public"),
    ],
)
def test_a_name_server_that_fails_is_an_error_of_its_own_class(listening, answer, error_class):
    [outcome] = attempts(StubNames(answer), listening)

    assert (outcome.status_code, outcome.error_class) == (None, error_class)


@pytest.mark.fault(38)
def test_a_silent_name_server_costs_an_attempt_its_few_seconds_and_no_more(listening):
    first, second = attempts(StubNames("silence"), listening, count=2)

    assert (first.error_class, second.error_class) == ("dns_timeout", "dns_timeout")
    assert second.timings.total_ms < first.timings.total_ms  # it is not asked again at once


@pytest.mark.fault(38)
def test_a_name_with_two_hundred_addresses_is_not_tried_two_hundred_times(listening):
    many = [record for number in range(1, 200) for record in records(f"10.0.0.{number}")]
    [outcome] = attempts(StubNames([*many, *records("127.0.0.1")]), listening)

    assert outcome.status_code == 200


@pytest.mark.fault(38)
def test_a_name_that_changes_to_an_address_of_the_inside_is_refused_then(listening):
    names = StubNames(records("127.0.0.1"), records("10.0.0.1"))
    first, second = attempts(names, listening, count=2)

    assert first.status_code == 200
    assert (second.status_code, second.error_class) == (None, "ip_not_public")
