"""Does a connection go only to an address that was checked, whatever the name server says?"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from tests.engine.hostile_receiver import answering, receiving, records, well_behaved
from tests.patience import PATIENCE, SOON
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport

LOOPBACK = NetworkPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))


class NameServer:
    """Answers each question with the next of its answers, and the last one ever after."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, name: str, port: int) -> Any:
        self.asked.append(name)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.contextmanager
def transporting(policy: NetworkPolicy, look_up: Callable[[str, int], Any]) -> Iterator[Transport]:
    transport = Transport(policy, resolver=look_up, threads=4)
    yield transport
    transport.close()


def send(transport: Transport, url: str, *, seconds: float = PATIENCE) -> Outcome:
    return transport.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=seconds))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1.nip.io", "127.0.0.1"),
        ("ten.attacker.net", "10.1.2.3"),
        ("v6loop.attacker.net", "::1"),
        ("nat64.attacker.net", "64:ff9b::7f00:1"),
        ("teredo.attacker.net", "2001:0:7f00:1::"),
        ("ll.attacker.net", "fe80::1%eth0"),
        ("bcast.attacker.net", "255.255.255.255"),
        ("wire.attacker.net", "168.63.129.16"),
        ("sitelocal.attacker.net", "fec0::1"),
        ("oracle.attacker.net", "192.0.0.192"),
        ("metadata.attacker.net", "169.254.169.254"),
        ("cgnat.attacker.net", "100.64.0.1"),
        ("mapped.attacker.net", "::ffff:127.0.0.1"),
        ("compatible.attacker.net", "::7f00:1"),
        ("siit.attacker.net", "::ffff:0:7f00:1"),
        ("sixtofour.attacker.net", "2002:7f00:1::"),
        ("ula.attacker.net", "fd00::1"),
        ("zero.attacker.net", "0.0.0.0"),
        ("multicast.attacker.net", "ff02::1"),
        ("docs.attacker.net", "2001:db8::1"),
        ("nonsense.attacker.net", "no address"),
    ],
)
def test_a_name_that_leads_inside_is_refused_at_the_connection(host: str, address: str) -> None:
    with transporting(NetworkPolicy(), NameServer(records(address))) as transport:
        outcome = send(transport, f"http://{host}/")

    assert outcome.error_class == "ip_not_public"
    assert outcome.error == f"{host} resolves only to addresses that are not public: {address}"
    assert outcome.ip is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1"])
def test_an_address_in_the_url_is_checked_without_a_name_server(host: str) -> None:
    names = NameServer(AssertionError("asked"))
    with transporting(NetworkPolicy(), names) as transport:
        outcome = send(transport, f"https://{host}/")

    assert outcome.error_class == "ip_not_public"
    assert outcome.error == f"{host.strip('[]')} is not a public address."
    assert names.asked == []


def test_an_answer_that_changes_after_a_first_look_gains_nothing() -> None:
    names = NameServer(records("93.184.216.34"), records("127.0.0.1"))
    names("hooks.example.com.", 80)  # whoever looked before the delivery saw a public address
    with receiving(well_behaved) as receiver, transporting(NetworkPolicy(), names) as transport:
        outcome = send(transport, receiver.url("hooks.example.com"))

        assert outcome.error_class == "ip_not_public"
        assert receiver.conversations == []


def test_the_address_that_was_checked_is_the_one_dialled() -> None:
    names = NameServer(records("127.0.0.1"), AssertionError("asked twice"))
    with receiving(well_behaved) as receiver, transporting(LOOPBACK, names) as transport:
        first = send(transport, receiver.url("hooks.example.com"))
        second = send(transport, receiver.url("hooks.example.com"))

    assert first.accepted
    assert first.ip == second.ip == "127.0.0.1"
    assert first.timings.dns_ms is not None
    assert second.timings.dns_ms is None  # the same connection
    assert names.asked == ["hooks.example.com."]


def test_the_name_stays_the_host_and_is_asked_for_as_absolute() -> None:
    names = NameServer(records("127.0.0.1"))
    with receiving(well_behaved) as receiver, transporting(LOOPBACK, names) as transport:
        send(transport, receiver.url("hooks.example.com"))

    assert f"Host: hooks.example.com:{receiver.port}".encode() in receiver.requests[0]
    assert names.asked == ["hooks.example.com."]  # so that no search domain of this host is tried


def test_a_name_of_the_hosts_file_is_asked_for_as_it_is() -> None:
    names = NameServer(records("127.0.0.1"))
    policy = NetworkPolicy(allowed_networks=LOOPBACK.allowed_networks, allowed_hosts=("localhost",))
    with receiving(well_behaved) as receiver, transporting(policy, names) as transport:
        assert send(transport, receiver.url("localhost")).accepted

    assert names.asked == ["localhost"]


def test_loopback_works_by_address_and_by_name_when_allowed() -> None:
    policy = NetworkPolicy(
        allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allowed_hosts=("localhost",)
    )
    transport = Transport(policy)
    with receiving(well_behaved) as receiver:
        assert send(transport, receiver.url("127.0.0.1")).accepted
        assert send(transport, receiver.url("localhost")).accepted
    transport.close()


def test_addresses_that_are_refused_are_passed_over() -> None:
    names = NameServer(records("10.0.0.1", "127.0.0.1"))
    with receiving(well_behaved) as receiver, transporting(LOOPBACK, names) as transport:
        outcome = send(transport, receiver.url("hooks.example.com"))

    assert outcome.accepted
    assert outcome.ip == "127.0.0.1"


def test_an_attempt_that_fails_names_the_addresses_that_were_passed_over() -> None:
    port = _closed_port()
    names = NameServer(records("10.0.0.1", "127.0.0.1", "192.168.0.7"))
    with transporting(LOOPBACK, names) as transport:
        outcome = send(transport, f"http://hooks.example.com:{port}/")

    assert outcome.error_class == "connect_refused"
    assert outcome.error == (
        f"hooks.example.com refused the connection on port {port}."
        " Not tried, because not public: 10.0.0.1, 192.168.0.7."
    )


def test_an_attempt_that_is_delivered_names_them_too() -> None:
    """Also over a connection that was kept: they were passed over when it was made."""
    names = NameServer(records("10.0.0.1", "127.0.0.1", "192.168.0.7"))
    with receiving(well_behaved) as receiver, transporting(LOOPBACK, names) as transport:
        outcomes = [send(transport, receiver.url("hooks.example.com")) for _ in range(2)]

    assert [one.skipped_ips for one in outcomes] == [("10.0.0.1", "192.168.0.7")] * 2
    assert all(one.accepted for one in outcomes) and len(names.asked) == 1


def test_of_very_many_addresses_that_were_passed_over_eight_are_named() -> None:
    names = NameServer(records(*(f"10.0.0.{n}" for n in range(1, 101)), "127.0.0.1"))
    with receiving(well_behaved) as receiver, transporting(LOOPBACK, names) as transport:
        outcome = send(transport, receiver.url("hooks.example.com"))

    assert outcome.skipped_ips == tuple(f"10.0.0.{n}" for n in range(1, 9))


def test_at_most_eight_addresses_are_tried() -> None:
    policy = NetworkPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))
    names = NameServer(records(*(f"127.0.0.{n}" for n in range(1, 101))))
    port = _closed_port()
    tried: list[str] = []
    # An audit hook cannot be taken away again; this one soon has nothing more to note.
    sys.addaudithook(
        lambda event, args: (
            tried.append(args[1][0])
            if event == "socket.connect" and args[1][1:] == (port,) and len(tried) < 100
            else None
        )
    )

    with transporting(policy, names) as transport:
        outcome = send(transport, f"http://hooks.example.com:{port}/")

    assert outcome.error_class == "connect_refused"
    assert tried == [f"127.0.0.{n}" for n in range(1, 9)]


def test_a_changed_policy_refuses_what_a_warm_connection_would_reach() -> None:
    with receiving(well_behaved) as receiver:
        with transporting(LOOPBACK, NameServer(records("127.0.0.1"))) as before:
            assert send(before, receiver.url("hooks.example.com")).accepted
            with transporting(NetworkPolicy(), NameServer(records("127.0.0.1"))) as after:
                outcome = send(after, receiver.url("hooks.example.com"))

        assert outcome.error_class == "ip_not_public"
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "answer", [socket.gaierror(-2, "unknown"), records(), UnicodeError("label too long")]
)
def test_a_name_without_an_address_is_a_dns_failure(answer: Any) -> None:
    with transporting(NetworkPolicy(), NameServer(answer)) as transport:
        outcome = send(transport, "http://hooks.example.com/")

    assert outcome.error_class == "dns_failure"
    assert outcome.error == "hooks.example.com has no address."


def test_a_refused_connection_names_the_port() -> None:
    port = _closed_port()
    with transporting(LOOPBACK, NameServer(records("127.0.0.1"))) as transport:
        outcome = send(transport, f"http://hooks.example.com:{port}/")

    assert outcome.error_class == "connect_refused"
    assert outcome.error == f"hooks.example.com refused the connection on port {port}."


def test_a_connection_that_is_not_taken_up_ends_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        with transporting(LOOPBACK, NameServer(records("127.0.0.1"))) as transport:
            outcome = send(transport, f"http://a.example.com:{full.getsockname()[1]}/", seconds=0.3)

    assert outcome.error_class == "deadline"
    assert outcome.timings.total_ms < 1000 * SOON


def test_the_self_test_holds_and_dials_nobody() -> None:
    transport = Transport(LOOPBACK)
    transport.self_test()
    transport.close()


def test_nothing_is_dialled_outside_a_delivery() -> None:
    closing = answering(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    with (
        receiving(closing) as receiver,
        transporting(LOOPBACK, NameServer(records("127.0.0.1"))) as transport,
    ):
        send(transport, receiver.url())
        (process,) = transport._processes.values()
        pool = process.adapter.poolmanager.connection_from_url(receiver.url())

        with pytest.raises(Exception, match="only for a delivery"):
            pool.urlopen("GET", "/")
        assert len(receiver.conversations) == 1


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port
