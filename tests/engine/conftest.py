"""What do tests of the engine share?"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.engine.certificates import Authority
from tests.engine.hostile_receiver import records
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.transport import Transport

POLICY = NetworkPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))


@pytest.fixture
def sending() -> Iterator[Transport]:
    transport = Transport(POLICY, threads=8, resolver=lambda name, port: records("127.0.0.1"))
    yield transport
    transport.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext | None:
    """What a receiver speaks: plain HTTP, and then TLS with a certificate of the authority."""
    return authority.server("127.0.0.1") if request.param == "tls" else None


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> Iterator[Transport]:
    """A transport that takes the authority's certificates, so that it sends to either."""
    transport = Transport(POLICY, threads=4, ca_file=str(authority.file))
    yield transport
    transport.close()
