"""What does a worker say at its start of a Redis that it may use, but had better not?"""

from __future__ import annotations

import logging

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from webhooks_app.engine.queue_facts import EVICTING
from webhooks_app.runtime.rq_facts import server_of
from webhooks_app.runtime.worker import CannotWork, RedisAway, check_server, warn_of_server

LOOPBACK = "redis://127.0.0.1:6379/0"


@pytest.fixture
def warnings(caplog):
    """Gives what was warned of until then."""
    caplog.set_level(logging.WARNING, "webhooks_app.worker")
    return lambda: caplog.messages


@pytest.fixture
def as_user(connection, redis_url):
    """A client of this Redis as a user with these rules."""
    clients = []

    def become(*rules):
        connection.execute_command("ACL", "SETUSER", "somebody", "reset", "on", ">secret", *rules)
        clients.append(Redis.from_url(f"{redis_url}?username=somebody&password=secret"))
        return clients[-1]

    yield become
    for client in clients:
        client.close()
    connection.execute_command("ACL", "DELUSER", "somebody")


def test_a_redis_that_evicts_is_warned_of(connection, warnings):
    connection.config_set("maxmemory-policy", "allkeys-lru")
    connection.config_set("maxmemory", 100_000_000)
    try:
        warn_of_server(connection, url=LOOPBACK)
    finally:
        connection.config_set("maxmemory", 0)
        connection.config_set("maxmemory-policy", "noeviction")

    assert warnings() == [EVICTING]


def test_a_policy_without_a_limit_evicts_nothing(connection, warnings):
    connection.config_set("maxmemory-policy", "allkeys-lru")
    try:
        warn_of_server(connection, url=LOOPBACK)
    finally:
        connection.config_set("maxmemory-policy", "noeviction")

    assert warnings() == []


def test_a_redis_of_other_hosts_without_password_is_warned_of(connection, warnings):
    warn_of_server(connection, url="redis://redis.example.com/0")

    [warning] = warnings()
    assert "wants no password" in warning


def test_a_redis_that_goes_away_meanwhile_is_left_to_the_worker(warnings):
    class Gone:
        def info(self):
            raise NotThere("Error 2 connecting.")

    warn_of_server(Gone(), url=LOOPBACK)

    assert warnings() == []


def test_a_user_without_info_is_refused_at_once_with_the_reason(as_user):
    """RQ would take the server for an old one, and pop in a way that loses the job of a worker that dies."""
    with pytest.raises(CannotWork, match=r"its ACL lacks \+info") as refused:
        check_server(as_user("~*", "&*", "+@all", "-@dangerous"))

    assert not isinstance(refused.value, RedisAway)  # which would be waited for


def test_a_server_that_hides_its_version_is_unknown_to_the_pages(as_user):
    server = server_of(as_user("~*", "+@all", "-info"))

    assert (server.version, server.evicts) == ("unknown", False)
