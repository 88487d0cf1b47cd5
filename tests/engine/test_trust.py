"""Does a listener that trusts an authority of its own reach that one's receivers, and nobody else's? Row 20."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.engine.certificates import Authority
from tests.engine.hostile_receiver import Conversation, Receiver, receiving, records, well_behaved
from tests.patience import PATIENCE
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.transport import Transport
from webhooks_app.engine.trust import UNREADABLE

HOST = "hooks.example.com"
CONNECTED = b"HTTP/1.1 200 Connected\r\n\r\n"
LOOPBACK = NetworkPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))

Transporting = Callable[..., AbstractContextManager[Transport]]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), name="Unknown authority")


@contextmanager
def transporting(
    policy: NetworkPolicy = LOOPBACK, *answers: str, ca_file: str | None = None
) -> Iterator[Transport]:
    """One whose name server gives these addresses, one after the other, and the last one ever after."""
    left = list(answers or ("127.0.0.1",))

    def look_up(_name: str, _port: int) -> Any:
        return records(left.pop(0) if len(left) > 1 else left[0])

    transport = Transport(policy, resolver=look_up, threads=2, ca_file=ca_file)
    yield transport
    transport.close()


def send(transport: Transport, receiver: Receiver, trusted_ca: str | None = None) -> Outcome:
    url = receiver.url(HOST)
    return transport.send(Message(url, (), b"{}", PATIENCE, trusted_ca))


def test_who_trusts_an_authority_reaches_its_receivers_and_nobody_else_does(authority: Authority) -> None:
    """Not even over the connection that was opened for the one who does."""
    with receiving(well_behaved, tls=authority.server(HOST)) as receiver, transporting() as transport:
        outcomes = [send(transport, receiver, ca) for ca in (authority.pem, None, authority.pem)]

    assert [one.accepted for one in outcomes] == [True, False, True]
    assert outcomes[1].error_class == "tls_error"
    assert [one.timings.tls_ms is None for one in outcomes] == [
        False,
        False,
        True,
    ]  # and the first one is kept


def test_of_the_public_authorities_none_counts_then(authority: Authority, stranger: Authority) -> None:
    with (
        receiving(well_behaved, tls=authority.server(HOST)) as receiver,
        transporting(ca_file=str(authority.file)) as transport,
    ):
        outcomes = [
            send(transport, receiver, ca) for ca in (None, stranger.pem, stranger.pem + authority.pem)
        ]

    assert [one.accepted for one in outcomes] == [True, False, True]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"host": "other.example.com"}, f"The certificate is for another name than {HOST}."),
        ({"expired": True}, f"The certificate of {HOST} has expired."),
        ({"self_signed": True}, f"The certificate of {HOST} is self-signed."),
    ],
)
def test_the_certificate_is_checked_all_the_same(
    authority: Authority, fault: dict[str, Any], sentence: str
) -> None:
    server = authority.server(**{"host": HOST, **fault})
    with receiving(well_behaved, tls=server) as receiver, transporting() as transport:
        outcome = send(transport, receiver, authority.pem)

    assert (outcome.error_class, outcome.error) == ("tls_error", sentence)
    assert receiver.requests == []


def test_an_authority_below_another_can_be_trusted_alone(authority: Authority, tmp_path: Path) -> None:
    below = Authority(tmp_path, name="Below", above=authority)
    with receiving(well_behaved, tls=below.server(HOST)) as receiver, transporting() as transport:
        assert send(transport, receiver, below.pem).accepted


def test_an_address_inside_stays_refused(authority: Authority) -> None:
    with (
        receiving(well_behaved, tls=authority.server(HOST)) as receiver,
        transporting(NetworkPolicy()) as transport,
    ):
        outcome = send(transport, receiver, authority.pem)

        assert outcome.error_class == "ip_not_public"
        assert receiver.conversations == []


def test_a_name_that_changes_its_address_gains_nothing(authority: Authority) -> None:
    """The address that was checked is the one dialled; the second look-up is of another connection."""
    with (
        receiving(well_behaved, tls=authority.server(HOST)) as receiver,
        transporting(LOOPBACK, "127.0.0.1", "10.0.0.1") as transport,
    ):
        first = send(transport, receiver, authority.pem)
        other = send(
            transport, receiver, authority.pem + "\n"
        )  # as if it trusted another: a connection of its own

    assert (first.accepted, first.ip) == (True, "127.0.0.1")
    assert (other.error_class, other.skipped_ips) == ("ip_not_public", ("10.0.0.1",))


def test_what_cannot_be_read_sends_nothing(authority: Authority) -> None:
    """A row that was written past the door; never to trust everybody instead."""
    with receiving(well_behaved, tls=authority.server(HOST)) as receiver, transporting() as transport:
        outcome = send(transport, receiver, "no certificate")

        assert (outcome.error_class, outcome.error) == ("tls_error", UNREADABLE)
        assert receiver.conversations == []


def test_through_an_outbound_proxy_it_is_the_receiver_who_is_checked(
    authority: Authority, stranger: Authority
) -> None:
    def tunnel(to: Conversation) -> None:
        to.request()
        to.send(CONNECTED)
        to.sock = authority.server(HOST).wrap_socket(to.sock, server_side=True)
        well_behaved(to)

    with receiving(tunnel) as proxy:
        transport = Transport(NetworkPolicy(), proxy=proxy.url(path=""))
        outcomes = [
            transport.send(Message(f"https://{HOST}/", (), b"{}", PATIENCE, ca))
            for ca in (authority.pem, stranger.pem, None)
        ]
        transport.close()

    assert [one.error_class for one in outcomes] == [None, "tls_error", "tls_error"]


def test_without_tls_it_says_nothing(authority: Authority) -> None:
    with receiving(well_behaved) as receiver, transporting() as transport:
        outcomes = [send(transport, receiver, ca) for ca in (authority.pem, None)]

        assert all(one.accepted for one in outcomes) and len(receiver.conversations) == 1
