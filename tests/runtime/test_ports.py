"""A port in use is told in one line, with another one."""

import socket

import pytest

from webhooks_app.errors import CannotStart
from webhooks_app.runtime.ports import another, require_free


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_refused_with_another_one(listening):
    with pytest.raises(
        CannotStart, match=rf"^Port {listening} is already in use\. Try PORT=(\d+)\.$"
    ) as refused:
        require_free(listening)

    require_free(int(str(refused.value).rstrip(".").rpartition("=")[2]))


def test_a_port_taken_on_every_address_is_in_use():
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(CannotStart):
        require_free(server.getsockname()[1])


def test_another_port_needs_no_rights():
    assert another(80) >= 1024


def test_there_may_be_no_other_port():
    assert another(65535) is None
