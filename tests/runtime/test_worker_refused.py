"""Does a worker tell a Redis that refuses from one that is away, and once, however long it lasts?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.exceptions import ConnectionError as NotThere
from redis.exceptions import NoPermissionError, OutOfMemoryError

from webhooks_app.engine.stragglers import Stragglers
from webhooks_app.runtime.worker import CannotWork, run_worker, trouble_of

pytestmark = pytest.mark.usefixtures("own_signals")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotThere("Error 2 connecting."), "Redis went away (Error 2 connecting)."),
        (
            OutOfMemoryError("command not allowed."),
            "Redis refuses what a worker asks of it (command not allowed).",
        ),
        (
            NoPermissionError("no right to 'hset'"),
            "Redis refuses a command that a worker needs (no right to 'hset'): a right is missing in its ACL.",
        ),
    ],
)
def test_who_answers_with_a_refusal_is_not_said_to_have_gone_away(error, sentence):
    assert trouble_of(error) == sentence


def test_a_refusal_that_lasts_is_told_once(working_engine, connection, redis_url, caplog):
    rules = ["reset", "on", ">secret", "~*", "&*", "+@all", "-hset"]
    connection.execute_command("ACL", "SETUSER", "curtailed", *rules)
    settings = replace(working_engine.settings, redis_url=f"{redis_url}?username=curtailed&password=secret")
    tries = []

    class Watched(Stragglers):
        @property
        def is_hurried(self):
            tries.append(1)
            return len(tries) > 5  # asked twice a try

        @is_hurried.setter
        def is_hurried(self, _asked):
            pass

    run_worker(replace(working_engine, settings=settings, stragglers=Watched()))

    assert caplog.text.count("Redis refuses a command that a worker needs") == 1


@pytest.mark.parametrize("command", ["type", "del", "hset"])
def test_a_burst_says_which_right_it_lacks(working_engine, connection, redis_url, command):
    connection.set("rq:workers", "to be mended")
    rules = ["reset", "on", ">secret", "~*", "&*", "+@all", f"-{command}"]
    connection.execute_command("ACL", "SETUSER", "curtailed", *rules)
    settings = replace(working_engine.settings, redis_url=f"{redis_url}?username=curtailed&password=secret")

    with pytest.raises(CannotWork, match=f"Redis refuses what a worker does: .*'{command}'"):
        run_worker(replace(working_engine, settings=settings), burst=True)
