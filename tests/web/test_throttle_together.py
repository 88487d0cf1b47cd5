"""Do several web processes count failures together, and is nobody let through while Redis is down?

Row 60 of the security plan, on real processes.
"""

from __future__ import annotations

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.stack import Stack

pytestmark = pytest.mark.deep
PROCESSES = 2
TOGETHER = 60
MOST = 5  # failures of an account from one address in a minute


class Guesser:
    """Somebody at one address who tries passwords."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        status, headers, text = self._ask("GET", {}, None)
        assert status == http.client.OK, text
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        self._token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)[1]

    def fail(self, email: str) -> int:
        form = urlencode({"email": email, "password": "wrong", "csrf_token": self._token})
        given = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", given, form)[0]

    def _ask(self, method, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self._stack.port, timeout=60)
        try:
            connection.request(method, "/login", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def stack(tmp_path):
    """Redis and two web processes."""
    stack = Stack(tmp_path, WEB_CONCURRENCY=str(PROCESSES))
    try:
        stack.migrate()
        stack.start_redis()
        stack.start("web")
        stack.wait_for_web()
        yield stack
    finally:
        stack.stop()


def test_of_many_who_guess_at_the_same_moment_five_are_answered(stack):
    guesser = Guesser(stack)

    with ThreadPoolExecutor(TOGETHER) as threads:
        codes = sorted(threads.map(guesser.fail, ["cleo@example.com"] * TOGETHER))

    assert codes == [422] * MOST + [429] * (TOGETHER - MOST)


def test_two_processes_count_together_and_without_redis_each_by_itself(stack):
    guesser = Guesser(stack)

    together = [guesser.fail("ann@example.com") for _ in range(MOST + 1)]
    stack.end("redis")
    alone = [guesser.fail("bea@example.com") for _ in range(PROCESSES * MOST + 1)]

    assert together == [422] * MOST + [429]
    assert alone[:MOST] == [422] * MOST
    assert 429 in alone  # whichever process was asked more than five times
