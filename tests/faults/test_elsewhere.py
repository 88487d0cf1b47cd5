"""Where one machine ends: do Redis over TLS, Redis Sentinel and PgBouncer in transaction mode work as promised?"""

from __future__ import annotations

import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.databases import other_user
from tests.engine.certificates import Authority
from tests.faults import ELSEWHERE
from tests.faults.installation import installed
from tests.faults.trial import Trial
from tests.patience import wait_until
from tests.stack import free_port
from webhooks_app.runtime.redis_client import patient_client, quick_client
from webhooks_app.runtime.rq_queue import RqQueue
from webhooks_app.runtime.worker import check_server

REDIS = shutil.which("redis-server")
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def program(*command: object, **options):
    """A process for as long as the block lasts."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture
def redis_program():
    if REDIS is None:
        pytest.skip("there is no redis-server on the PATH")
    return REDIS


def works(url: str) -> None:
    """Both kinds of clients reach it, and the queue works on it."""
    with patient_client(url) as patient:
        check_server(patient)
    with quick_client(url) as quick:
        queue = RqQueue(quick)
        queue.ring()
        queue.push([["1"], ["2"]], slow=True)
        assert (queue.length(), queue.length(slow=True)) == (1, 2)


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (OSError, RedisError):
        return False


@pytest.mark.fault(ELSEWHERE)
def test_redis_over_tls_is_reached_and_its_certificate_is_checked(redis_program, tmp_path):
    authority, port = Authority(tmp_path), free_port()
    authority.server("localhost")
    [pair] = [path for path in tmp_path.glob("*.pem") if path != authority.file]
    tls = ("--tls-port", port, "--port", 0, "--tls-cert-file", pair, "--tls-key-file", pair)
    more = ("--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no", "--save", "", "--dir", tmp_path)
    with program(redis_program, *tls, *more) as server:
        url = f"rediss://localhost:{port}/0"
        trusted = f"{url}?ssl_ca_certs={authority.file}"
        with Redis.from_url(trusted) as client:
            wait_until(
                lambda: server.poll() is not None or answers(client), seconds=30, what="Redis over TLS"
            )
        if server.poll() is not None:
            pytest.skip("this redis-server was built without TLS")
        works(trusted)
        with quick_client(url) as unknown, pytest.raises(RedisError):
            unknown.ping()  # an authority that nobody trusts


@pytest.mark.fault(ELSEWHERE)
def test_sentinel_leads_to_the_master_and_to_the_next_one(redis_program, tmp_path):
    ports = [free_port() for _ in range(3)]
    (tmp_path / "sentinel.conf").write_text(
        f"port {ports[2]}\ndir {tmp_path}\nsentinel monitor orders 127.0.0.1 {ports[0]} 1\n"
        "sentinel down-after-milliseconds orders 1000\nsentinel failover-timeout orders 3000\n"
    )
    plain = ("--save", "", "--dir", tmp_path, "--bind", "127.0.0.1", "--port")
    with (
        program(redis_program, *plain, ports[0]) as master,
        program(redis_program, *plain, ports[1], "--replicaof", "127.0.0.1", ports[0]),
        program(redis_program, tmp_path / "sentinel.conf", "--sentinel"),
    ):
        url = f"redis+sentinel://127.0.0.1:{ports[2]}/orders/3"
        with quick_client(url) as client, Redis(port=ports[2]) as sentinel:
            wait_until(lambda: answers(client), seconds=30, what="Sentinel")
            works(url)
            wait_until(lambda: _replicas(sentinel) == 1, seconds=120, what="the replica")
            master.kill()
            wait_until(lambda: answers(client), seconds=120, what="the next master")
            wait_until(lambda: _writes(client), seconds=120, what="the failover")


def _replicas(sentinel: Redis) -> int:
    return sum(
        "disconnected" not in one["flags"] and "s_down" not in one["flags"]
        for one in sentinel.sentinel_slaves("orders")
    )


def _writes(client: Redis) -> bool:
    try:
        return bool(client.set("after the failover", "1"))
    except (OSError, RedisError):
        return False


@pytest.mark.fault(ELSEWHERE)
@pytest.mark.postgresql
@pytest.mark.xdist_group("postgresql")
def test_pgbouncer_in_transaction_mode_stands_between(server, tmp_path, record_property):
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer: apt install pgbouncer")
    port, folder = free_port(), tmp_path / "bouncer"
    folder.mkdir()
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={server.folder} user=webhooks\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        "default_pool_size = 5\nmax_client_conn = 200\nlogfile = /dev/null\n"
    )
    standing = ("web", "worker", "slow", "clock")
    with (
        program(PGBOUNCER, "-q", config, **_servers_user(folder)),
        installed(tmp_path / "pooled", server=server, standing=standing, through=port) as installation,
    ):
        trial = Trial(installation, record_property)
        trial.listen()
        trial.listen("/takes/50")
        trial.listen("/first/status/500")
        with trial.generator.load(per_second=20):
            wait_until(lambda: len(trial.generator.committed) > 60, seconds=120, what="the load")
        trial.holds(duplicates=0)


def _servers_user(folder: Path) -> dict[str, Any]:
    """PgBouncer refuses to run as root, and enters the server's folder only as the server's user."""
    for place in folder.parents:
        if place == Path("/tmp"):
            break
        place.chmod(place.stat().st_mode | 0o011)
    return other_user(folder)
