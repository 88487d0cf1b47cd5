"""What do the worker and the clock do where Redis is away? One line, at once or after waiting for it."""

import logging
import re

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from tests.patience import PATIENCE
from webhooks_app.runtime.worker import CannotWork, wait_for_server


class LateRedis:
    """Refuses until it has been asked so often, then says its version."""

    def __init__(self, refusals, version="7.2.4"):
        self.refusals, self.version = refusals, version
        self.asked = 0

    def info(self, _section):
        self.asked += 1
        if self.refusals:
            self.refusals -= 1
            raise NoConnection("Error 111 connecting to 127.0.0.1:6379. Connection refused.")
        return {"redis_version": self.version}

    def lmove(self, *_lists):
        return None


def test_a_burst_without_redis_is_one_line(refused):
    line = refused("worker", "--burst")

    assert re.fullmatch(
        r"Redis does not answer: Error 2 connecting to \S+/redis\.sock\. No such file or .*", line
    )


def test_a_worker_waits_for_redis_and_says_so_once(caplog):
    with caplog.at_level(logging.WARNING, "webhooks_app.worker"):
        wait_for_server(LateRedis(refusals=2), seconds=PATIENCE)

    assert [record.getMessage() for record in caplog.records] == [
        (
            "Redis does not answer: Error 111 connecting to 127.0.0.1:6379. Connection refused."
            " The worker waits for it."
        )
    ]


def test_a_worker_does_not_wait_for_ever():
    with pytest.raises(CannotWork, match="Redis does not answer"):
        wait_for_server(Redis.from_url("redis://127.0.0.1:1/0"), seconds=0.1)


def test_a_redis_that_is_too_old_is_not_waited_for():
    old = LateRedis(refusals=0, version="5.0.7")

    with pytest.raises(CannotWork, match=r"Redis 6\.2 or newer is needed; this one says 5\.0\.7"):
        wait_for_server(old)

    assert old.asked == 1
