"""Is a receiver's certificate checked, and does a failure say what to repair?"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest

from tests.engine.certificates import Authority
from tests.engine.hostile_receiver import Conversation, never_reading, receiving, records, well_behaved
from tests.patience import PATIENCE
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.tls import OUT_OF_TIME, tls_sentence
from webhooks_app.engine.transport import Transport

HOST = "hooks.example.com"
UNKNOWN = "an authority that is not known, or its chain is not complete."


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), name="Unknown authority")


@pytest.fixture
def sending(authority: Authority) -> Iterator[Transport]:
    transport = Transport(
        NetworkPolicy(allowed_networks=(ip_network("127.0.0.1/32"),)),
        resolver=lambda name, port: records("127.0.0.1"),
        threads=2,
        ca_file=str(authority.file),
    )
    yield transport
    transport.close()


def send(transport: Transport, url: str) -> Outcome:
    return transport.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=PATIENCE))


def test_the_name_goes_to_the_receiver_and_the_connection_is_kept(
    sending: Transport, authority: Authority
) -> None:
    asked_for: list[str | None] = []
    server = authority.server(HOST)
    server.sni_callback = lambda sock, name, context: asked_for.append(name)
    with receiving(well_behaved, tls=server) as receiver:
        first = send(sending, receiver.url(HOST))
        second = send(sending, receiver.url(HOST))

    assert first.accepted
    assert second.accepted
    assert asked_for == [HOST]
    assert first.timings.tls_ms is not None
    assert second.timings.tls_ms is None
    assert f"Host: {HOST}:{receiver.port}".encode() in receiver.requests[0]


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is what this is about
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (
            lambda ours, _: ours.server("other.example.com"),
            f"The certificate is for another name than {HOST}.",
        ),
        (lambda ours, _: ours.server(HOST, expired=True), f"The certificate of {HOST} has expired."),
        (lambda ours, _: ours.server(HOST, self_signed=True), f"The certificate of {HOST} is self-signed."),
        (
            lambda _, theirs: theirs.server(HOST),
            f"The certificate of {HOST} comes from {UNKNOWN}",
        ),
        (lambda ours, _: _old(ours.server(HOST)), f"{HOST} does not offer TLS 1.2 or newer."),
    ],
    ids=["wrong name", "expired", "self-signed", "unknown authority", "TLS 1.1"],
)
def test_what_is_wrong_with_the_tls_is_told(
    sending: Transport,
    authority: Authority,
    stranger: Authority,
    server: Callable[[Authority, Authority], ssl.SSLContext],
    sentence: str,
) -> None:
    with receiving(well_behaved, tls=server(authority, stranger)) as receiver:
        outcome = send(sending, receiver.url(HOST))

    assert (outcome.error_class, outcome.error) == ("tls_error", sentence)
    assert receiver.requests == []


def test_the_authorities_of_the_environment_are_not_trusted(
    sending: Transport, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(stranger.file))
    with receiving(well_behaved, tls=stranger.server(HOST)) as receiver:
        assert send(sending, receiver.url(HOST)).error_class == "tls_error"


def test_a_port_without_tls_is_told(sending: Transport) -> None:
    def plain(to: Conversation) -> None:
        to.sock.recv(65536)
        to.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with receiving(plain) as receiver:
        outcome = send(sending, receiver.url(HOST).replace("http:", "https:"))

    assert outcome.error_class == "tls_error"
    assert outcome.error == f"{HOST} does not speak TLS on this port."


def test_a_receiver_that_hangs_up_in_the_handshake_is_told(sending: Transport) -> None:
    def hang_up(to: Conversation) -> None:
        to.sock.recv(65536)

    with receiving(hang_up) as receiver:
        outcome = send(sending, receiver.url(HOST).replace("http:", "https:"))

    assert outcome.error_class == "tls_error"
    assert outcome.error == f"{HOST} closed the connection during the TLS handshake."
    assert outcome.timings.tls_ms is not None  # the phase that took the time is not left out


@pytest.mark.parametrize("end", [ssl.SSLEOFError, ssl.SSLZeroReturnError])
def test_the_end_of_a_connection_is_told_alike_whatever_python_calls_it(end: type[ssl.SSLError]) -> None:
    assert tls_sentence(end(8, "EOF"), host=HOST) == f"{HOST} closed the connection during the TLS handshake."


def test_a_handshake_that_stalls_is_not_told_as_a_slow_answer(sending: Transport) -> None:
    with receiving(never_reading) as receiver:
        url = receiver.url(HOST).replace("http:", "https:")
        # Long enough for a loaded machine to come as far as the handshake.
        outcome = sending.send(Message(url=url, headers=(), body=b"{}", timeout_seconds=2.0))

    assert (outcome.error_class, outcome.error) == ("deadline", OUT_OF_TIME)
    assert outcome.timings.first_byte_ms is None  # nothing was sent


def test_an_unusual_failure_has_a_sentence_too() -> None:
    assert tls_sentence(ssl.SSLError(1, "what"), host=HOST) == f"The TLS handshake with {HOST} failed."
