"""Is a refused start one line, under flask, under gunicorn and in plain Python? Each in a process of its own."""

import os
import subprocess
import sys

import pytest

from tests.patience import PATIENCE

REFUSING = """
from flask import Flask
from webhooks_app.errors import SettingError
from webhooks_app.start import refused_in_one_line

with refused_in_one_line():
    raise SettingError('PORT="abc" is not\\nallowed.')
"""
LINE = 'Error: PORT="abc" is not allowed.\n'


@pytest.fixture
def start(tmp_path):
    (tmp_path / "refusing.py").write_text(REFUSING, "utf-8")

    def begin(*command):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"}
        return subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return begin


@pytest.mark.parametrize("words", [("webhooks", "up"), ("webhooks", "--help"), ("--help",)], ids=" ".join)
def test_flask_shows_one_line_and_exits_with_one(start, words):
    result = start("-m", "flask", "--app", "refusing", *words)

    assert (result.returncode, result.stdout, result.stderr) == (1, "", LINE)


def test_gunicorn_ends_with_the_line_and_no_traceback(start):
    result = start("-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "refusing:app")

    assert result.returncode == 4
    assert LINE in result.stderr
    assert "Traceback" not in result.stderr


def test_whoever_imports_it_gets_the_error_itself(start):
    result = start("-c", "import refusing")

    assert result.returncode == 1
    assert "webhooks_app.errors.SettingError" in result.stderr
