"""Can passwords be guessed by asking often? Rows 60 and 61 of the security plan.

Here Redis is away, so that each process counts by itself; test_throttle_together.py has several and a Redis.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.build import settings_for
from webhooks_app.application import make_console
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.extensions import limiter
from webhooks_app.registry import hooks

EMAIL, PASSWORD = "elena@example.com", "correct horse battery"
TOGETHER = 20


@pytest.fixture
def hops(request):
    return getattr(request, "param", 0)


@pytest.fixture
def built_console(tmp_path, hops):
    """A console of its own, because what it believes of proxies is decided when it is built."""
    before = hooks._port
    settings = settings_for(tmp_path, WEBHOOKS_PROXY_HOPS=str(hops))
    yield make_console(settings, caller_session=lambda: None)
    hooks._port = before


def fail(client, *, email=EMAIL, address="127.0.0.1", forwarded=None):
    given = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client.post(
        "/login",
        data={"email": email, "password": "wrong"},
        environ_base={"REMOTE_ADDR": address},
        headers=given,
    ).status_code


def test_while_redis_is_away_the_sixth_failure_of_a_minute_waits_all_the_same(client):
    assert [fail(client) for _ in range(6)] == [422] * 5 + [429]


def test_the_twenty_first_failure_of_an_hour_waits_wherever_it_comes_from(client):
    codes = [fail(client, address=f"192.0.2.{number}") for number in range(21)]

    assert codes == [422] * 20 + [429]
    assert fail(client, email="other@example.com", address="192.0.2.99") == 422


def test_of_many_who_guess_at_the_same_moment_five_are_answered(app):
    """What is counted only once a password was looked at lets all of them through."""
    start = threading.Barrier(TOGETHER)

    def guess(_number):
        start.wait()
        return fail(app.test_client())

    with ThreadPoolExecutor(TOGETHER) as threads:
        codes = sorted(threads.map(guess, range(TOGETHER)))

    assert codes == [422] * 5 + [429] * (TOGETHER - 5)


def test_whoever_gets_in_has_their_attempt_back(client, engine):
    accounts.create_user(engine, EMAIL, "operator", password=PASSWORD, by=COMMAND_LINE)
    for _ in range(4):
        fail(client)

    answers = [client.post("/login", data={"email": EMAIL, "password": PASSWORD}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [302] * 3
    assert "Retry-After" not in answers[0].headers
    assert [fail(client), fail(client)] == [422, 429]


def test_nobody_is_named_where_attempts_are_counted(client):
    fail(client, email="a password in the wrong field")

    assert not [key for key in limiter.limiter.storage.storage if "password" in key or "127.0.0.1" in key]


def test_the_wait_is_told_and_has_an_end(client):
    for number in range(20):
        fail(client, address=f"192.0.2.{number}")
    answer = client.post("/login", data={"email": EMAIL, "password": "wrong"})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


@pytest.mark.parametrize("hops", [0], indirect=True)
def test_without_a_proxy_nobody_hides_behind_a_made_up_address(client):
    codes = [fail(client, forwarded=f"198.51.100.{number}") for number in range(6)]

    assert codes == [422] * 5 + [429]


@pytest.mark.parametrize("hops", [1], indirect=True)
def test_behind_one_proxy_the_last_address_counts_and_what_stands_before_it_does_not(client):
    made_up = [fail(client, forwarded=f"203.0.113.{number}, 198.51.100.7") for number in range(6)]

    assert made_up == [422] * 5 + [429]
    assert fail(client, forwarded="198.51.100.8") == 422  # somebody else behind the same proxy


@pytest.mark.parametrize("hops", [2], indirect=True)
def test_behind_two_proxies_the_last_but_one_counts(client):
    codes = [fail(client, forwarded=f"203.0.113.{number}, 198.51.100.7, 10.0.0.1") for number in range(6)]

    assert codes == [422] * 5 + [429]
    assert fail(client, forwarded="198.51.100.8, 10.0.0.1") == 422
