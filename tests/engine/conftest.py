"""What do tests of the engine share?"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from tests.engine.hostile_receiver import records
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.transport import Transport

POLICY = NetworkPolicy(allowed_networks=(ip_network("127.0.0.1/32"),))


@pytest.fixture
def sending() -> Iterator[Transport]:
    transport = Transport(POLICY, threads=8, resolver=lambda name, port: records("127.0.0.1"))
    yield transport
    transport.close()
