"""Is a refused start one line, under flask, under gunicorn and in plain Python? Each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

pytestmark = pytest.mark.deep

ROOT = Path(__file__).resolve().parent.parent
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
def test_flask_shows_one_line_and_exits_with_two(start, words):
    result = start("-m", "flask", "--app", "refusing", *words)

    assert (result.returncode, result.stdout, result.stderr) == (2, "", LINE)


def test_gunicorn_ends_with_the_line_and_no_traceback(start):
    result = start("-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "refusing:app")

    assert result.returncode == 4
    assert LINE in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "gunicorn", "wsgi:app"),
        ("-m", "flask", "--app", "wsgi", "webhooks", "worker"),
        ("-m", "flask", "--app", "wsgi", "webhooks", "clock"),
        ("-m", "flask", "--app", "wsgi", "webhooks", "migrate"),
    ],
    ids=lambda command: command[-1],
)
def test_production_without_its_keys_is_one_line_and_two_whoever_starts(command):
    """Row 58 of the security plan."""
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "WEBHOOKS_ENV": "production"}

    result = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: REDIS_URL is not set, and production needs it")
    assert result.stderr.count("\n") == 1


def test_the_debugger_in_production_ends_gunicorn_before_its_web_processes(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "WEBHOOKS_ENV": "production",
            "FLASK_DEBUG": "true", "SECRET_KEY": "s" * 32, "PUBLIC_BASE_URL": "https://hooks.example.com",
            "WEBHOOKS_ENCRYPTION_KEYS": "q" * 43, "REDIS_URL": "redis://127.0.0.1:1/0",
            "TRUSTED_HOSTS": "hooks.example.com", "DATABASE_URL": f"sqlite:///{tmp_path}/webhooks.db",
        },
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip

    assert result.returncode == 2
    assert result.stderr.startswith("Error: FLASK_DEBUG is on, and production does not start with it")
    assert result.stderr.count("\n") == 1


def test_whoever_imports_it_gets_the_error_itself(start):
    result = start("-c", "import refusing")

    assert result.returncode == 1
    assert "webhooks_app.errors.SettingError" in result.stderr
