"""Does the log read well, and can nobody forge a line in it?"""

from __future__ import annotations

import json
import logging
import sys

import pytest

from tests.build import settings_for
from webhooks_app.logs import JsonFormatter, TextFormatter, set_up_logging
from webhooks_app.redaction import Redaction, escaped


def record(message: str, *arguments: object, exc_info=None, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("webhooks_app.web", logging.WARNING, "f.py", 1, message, arguments, exc_info)
    made.created = 1772443800.25
    made.__dict__.update(extra)
    return made


def failure():
    try:
        raise ValueError("first\nsecond \x1b[31mred")
    except ValueError:
        return sys.exc_info()


def test_a_line_for_people():
    assert TextFormatter().format(record("It is %d.", 7)) == (
        "2026-03-02T09:30:00.250Z WARNING webhooks_app.web: It is 7."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\u000ab"),
        ("a\rb", "a\\u000db"),
        ("\x1b[2J", "\\u001b[2J"),
        ("a\x00b\x7f\x85", "a\\u0000b\\u007f\\u0085"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u061cb", "a\\u061cb"),  # the mark for Arabic letters turns as well
        ("tab\tä 漢", "tab\tä 漢"),  # what is harmless stays
    ],
)
def test_what_a_receiver_sends_cannot_forge_a_line(text, shown):
    assert escaped(text) == shown
    assert TextFormatter().format(record("%s", text)).endswith(": " + shown)


def test_a_traceback_follows_on_lines_of_its_own_and_cannot_colour_the_terminal():
    lines = TextFormatter().format(record("Oh.", exc_info=failure())).splitlines()

    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "second \\u001b[31mred"


def test_a_json_object_for_programs():
    line = JsonFormatter().format(record("a\nb", exc_info=failure(), request_id="r1", other="not ours"))
    entry = json.loads(line)

    assert "\n" not in line
    assert "ValueError: first" in entry.pop("traceback")
    assert entry == {
        "time": "2026-03-02T09:30:00.250Z",
        "level": "WARNING",
        "logger": "webhooks_app.web",
        "message": "a\nb",
        "request_id": "r1",
    }


@pytest.fixture
def root():
    """The root logger, as it was afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    chatty = {name: logging.getLogger(name).level for name in ("alembic", "rq.worker", "urllib3")}
    yield root
    root.handlers[:], root.level = handlers, level
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)


def test_setting_up_twice_logs_once(root, tmp_path):
    set_up_logging(settings_for(tmp_path))
    set_up_logging(settings_for(tmp_path, LOG_FORMAT="json", LOG_LEVEL="ERROR"))

    [ours] = [handler for handler in root.handlers if handler.get_name() == "webhooks_app"]
    assert isinstance(ours.formatter, JsonFormatter)
    assert root.level == logging.ERROR
    assert logging.getLogger("urllib3").level == logging.ERROR


def test_libraries_that_talk_much_are_kept_short(root, tmp_path):
    set_up_logging(settings_for(tmp_path, LOG_LEVEL="DEBUG"))

    assert logging.getLogger("rq.worker").level == logging.WARNING


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "whk_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE0f1e2d"
LINK = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"made {SECRET}, shown once", "made whsec_***, shown once"),
        (f"{{'token': '{TOKEN}'}}", "{'token': 'whk_***'}"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "authorization: basic ***"),
        (f"POST /login/{LINK}", "POST /login/***"),
        ("to redis://:hunter2@redis:6379/0", "to redis://:***@redis:6379/0"),
        ("to postgresql://me:hun:ter2@db/x failed", "to postgresql://me:***@db/x failed"),
        # What only looks like one stays.
        ("The bearer is missing.", "The bearer is missing."),
        ("http://127.0.0.1:8000/login?next=/hooks", "http://127.0.0.1:8000/login?next=/hooks"),
        ("whsec_ and 24 to 64 bytes", "whsec_ and 24 to 64 bytes"),
    ],
)
def test_a_secret_is_starred_in_the_log(text, shown):
    """Row 42 of the security plan."""
    assert Redaction()(text) == shown
    assert TextFormatter().format(record("%s", text)).endswith(": " + shown)
    assert json.loads(JsonFormatter().format(record("%s", text)))["message"] == shown


def test_a_secret_in_a_traceback_is_starred_too():
    """Row 42 of the security plan."""
    try:
        raise ValueError(f"bad secret {SECRET}")
    except ValueError:
        info = sys.exc_info()

    for form in (TextFormatter(), JsonFormatter()):
        line = form.format(record("Oh.", exc_info=info))
        assert "ValueError: bad secret whsec_***" in line
        assert SECRET not in line


def test_the_values_of_our_own_secrets_are_starred(root, tmp_path):
    """Row 42 of the security plan."""
    secrets = {
        "SECRET_KEY": "a key of this very installation, 32 bytes",
        "SECRET_KEY_FALLBACKS": "former-key-of-this-installation",
        "WEBHOOKS_METRICS_TOKEN": "metrics-of-this-installation",
        "REDIS_URL": "redis://:hunter22@redis/0",
    }
    settings = settings_for(tmp_path, **secrets)
    set_up_logging(settings)
    [ours] = [handler for handler in root.handlers if handler.get_name() == "webhooks_app"]

    words = [*list(secrets.values())[:3], "hunter22", settings.encryption_keys[0]]
    line = ours.format(record("%s", " | ".join(words)))

    assert not [word for word in words if word in line]
    assert line.count("***") == len(words)


def test_a_short_value_of_a_setting_stars_no_other_words(tmp_path):
    assert Redaction(["dev", ""])("a developer") == "a developer"
