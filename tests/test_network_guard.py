"""Would the run notice a connection that must not be? The watcher tried on each, and on a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import network_guard
from tests.network_guard import DialledOut, about_connection, about_name, callers
from tests.patience import PATIENCE
from webhooks_app.engine.addresses import NetworkPolicy

OUTSIDE = ("192.0.2.1", 9)
LOOPBACK = ("127.0.0.1", 9)
OPEN = NetworkPolicy(allowed_networks=(ip_network("127.0.0.0/8"),))


def frames_in(*modules):
    """As if each of these modules had called the one before it."""
    return [
        SimpleNamespace(f_globals={"__name__": module}, f_code=SimpleNamespace(co_name="run"))
        for module in modules
    ]


def guard_frame(*, policy=OPEN, is_proxy=False):
    return SimpleNamespace(
        f_globals={"__name__": network_guard.GUARD},
        f_code=SimpleNamespace(co_name="dial"),
        f_locals={"exchange": SimpleNamespace(policy=policy), "is_proxy": is_proxy},
    )


@pytest.mark.parametrize(
    ("address", "frames", "complaint"),
    [
        (OUTSIDE, [], "is not loopback"),
        (("example.com", 80), [], "is not loopback"),
        (OUTSIDE, [guard_frame(is_proxy=True)], "is not loopback"),
        (LOOPBACK, [guard_frame(policy=NetworkPolicy())], "refused by its policy"),
        (LOOPBACK, frames_in("socket", "webhooks_app.engine.probe"), "past the guard by webhooks_app.engine.probe"),
        (LOOPBACK, frames_in("requests.api", "webhooks_app.web.settings"), "past the guard"),
        (LOOPBACK, frames_in("urllib.request", "rq.webhook", "webhooks_app.jobs"), "past the guard"),
    ],
)  # fmt: skip
def test_what_must_not_be_dialled_is_complained_of(address, frames, complaint):
    assert complaint in about_connection(address, frames)


@pytest.mark.parametrize(
    ("address", "frames"),
    [
        ("/tmp/a.sock", []),
        (LOOPBACK, frames_in("tests.stack")),
        (("::1", 9, 0, 0), frames_in("tests.stack")),
        (LOOPBACK, frames_in("urllib3.connection", "tests.bench.unguarded", "webhooks_app.engine.transport")),
        (LOOPBACK, [guard_frame()]),
        (LOOPBACK, [guard_frame(policy=NetworkPolicy(), is_proxy=True)]),  # our own outbound proxy
        (LOOPBACK, frames_in("http.client", "webhooks_app.runtime.up", "webhooks_app.cli.up")),
        (LOOPBACK, frames_in("redis.connection", "limits.storage.redis", "webhooks_app.web.sign_in")),
    ],
)
def test_what_may_be_dialled_is_not(address, frames):
    assert about_connection(address, frames) is None


@pytest.mark.parametrize("name", ["example.com", b"example.com", "receiver.invalid"])
def test_no_name_server_is_asked(name):
    assert about_name(name)


@pytest.mark.parametrize("name", [None, "", "localhost", b"127.0.0.1", "::1", "0.0.0.0", "192.0.2.1"])
def test_what_needs_no_name_server_may_be_asked_for(name):
    assert about_name(name) is None


def test_the_frames_are_those_that_led_here():
    assert callers(sys._getframe())[0].f_code.co_name == "test_the_frames_are_those_that_led_here"


@pytest.fixture
def own_file(monkeypatch, tmp_path):
    """What is refused here is meant to be, and does not fail the run."""
    file = tmp_path / "dialled"
    file.touch()
    monkeypatch.setenv(network_guard.FILE, str(file))
    return file


@pytest.mark.usefixtures("own_file")
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_connection_outside_is_refused_and_told(kind):
    with socket.socket(type=kind) as sock, pytest.raises(DialledOut):
        sock.connect(OUTSIDE)
    with socket.socket(type=kind) as sock, pytest.raises(DialledOut):
        sock.sendto(b"", OUTSIDE)
    with pytest.raises(DialledOut):
        socket.getaddrinfo("example.com", 80)

    assert len(network_guard.dialled()) == 3


def test_a_process_of_a_test_is_watched_too(own_file):
    program = "import socket; socket.create_connection(('192.0.2.1', 9))"

    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ}, capture_output=True, text=True, timeout=PATIENCE
    )

    assert "DialledOut" in done.stderr
    assert own_file.read_text() == "('192.0.2.1', 9) is not loopback\n"
    assert str(Path(network_guard.__file__).parent / "watched") in os.environ["PYTHONPATH"]


@pytest.mark.parametrize(
    "host, local",
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("::ffff:8.8.8.8", False),
        ("example.com", False),
        ("0.0.0.0", True),  # Linux takes it for loopback
    ],
)
def test_only_loopback_is_local(host, local):
    assert network_guard.is_local(host) is local
