"""A killed `up` leaves processes; the next one ends them and nobody else."""

import json
import os
import subprocess
import sys

import pytest

from tests.patience import PATIENCE
from webhooks_app.runtime.instance import prepare
from webhooks_app.runtime.leftovers import end_leftovers, moment_of_start, note

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def instance(tmp_path):
    return prepare(tmp_path / "instance")


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_what_was_noted_is_ended(instance, sleeper):
    note(instance, [sleeper.pid])

    assert end_leftovers(instance) == 1
    assert sleeper.wait(PATIENCE) != 0
    assert end_leftovers(instance) == 0  # and the note is gone


def test_a_stranger_with_an_old_number_is_left_alone(instance, sleeper):
    (instance.run / "processes.json").write_text(json.dumps({str(sleeper.pid): "another moment"}))

    assert end_leftovers(instance) == 0
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": "y"}'])
def test_a_note_cut_short_ends_nothing(instance, text):
    (instance.run / "processes.json").write_text(text)

    assert end_leftovers(instance) == 0


def test_the_moment_of_start_stays_the_same_while_a_process_lives(sleeper):
    assert moment_of_start(sleeper.pid) == moment_of_start(sleeper.pid) != ""
    sleeper.kill()
    sleeper.wait()
    assert moment_of_start(sleeper.pid) == ""
    assert moment_of_start(os.getpid()) != ""
