"""Is a person told why a program ended, and spared what its log says of other times?"""

from __future__ import annotations

import os
import signal

import pytest

from webhooks_app.runtime.foreman import how_it_ended, last_words, tail

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    "status, words",
    [
        (int(signal.SIGKILL), "was killed by SIGKILL"),
        (int(signal.SIGSEGV) | 0x80, "was killed by SIGSEGV"),  # it left a core
        (40, "was killed by signal 40"),
        (3 << 8, "ended by itself with status 3"),
        (0, "ended by itself with status 0"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(status, words):
    assert how_it_ended(status) == words


@pytest.mark.parametrize("seconds, is_told", [(0, True), (9, True), (600, False)])
def test_only_what_was_written_just_before_the_end_is_shown(tmp_path, seconds, is_told):
    log = tmp_path / "redis.log"
    log.write_text("Memory overcommit must be enabled!\n")
    os.utime(log, (NOW - seconds, NOW - seconds))

    assert last_words(log, now=NOW) == ("    Memory overcommit must be enabled!\n" if is_told else "")


def test_a_log_that_is_not_there_says_nothing(tmp_path):
    assert last_words(tmp_path / "x.log", now=NOW) == ""
    assert tail(tmp_path / "x.log") == "    (it says nothing)\n"
