"""Do gunicorn's logs hold no secret? Row 42 of the security plan, on gunicorn's own logger."""

from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from tests.test_logs import LINK, SECRET
from webhooks_app.runtime.gunicorn_log import CleanLogger


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A logger with both of gunicorn's logs in files, and what they hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDIS_URL", "redis://:hunter22@redis/0")
    monkeypatch.setenv("SECRET_KEY", "a key of this very installation, 32 bytes")
    monkeypatch.setenv("WEBHOOKS_METRICS_TOKEN_FILE", "/no/such/file")  # wrong, and no reason not to log
    logs = [logging.getLogger("gunicorn.error"), logging.getLogger("gunicorn.access")]
    before = [(list(log.handlers), log.propagate, log.level) for log in logs]
    cfg = Config()
    cfg.set("accesslog", str(tmp_path / "access"))
    cfg.set("errorlog", str(tmp_path / "error"))
    logger = CleanLogger(cfg)
    yield logger, lambda name: (tmp_path / name).read_text("utf-8")
    for log, (handlers, propagate, level) in zip(logs, before, strict=True):
        for handler in log.handlers:
            handler.close()
        log.handlers[:], log.propagate, log.level = handlers, propagate, level


def request(**environ):
    return {
        "REQUEST_METHOD": "GET", "RAW_URI": "/hooks", "PATH_INFO": "/hooks", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", **environ,
    }  # fmt: skip


def test_a_sign_in_link_is_starred_in_the_access_log(written):
    logger, read = written
    answer = SimpleNamespace(status="200 OK", sent=2, headers=[])
    asked = SimpleNamespace(headers=[])

    logger.access(answer, asked, request(RAW_URI=f"/login/{LINK}"), timedelta(seconds=1))
    logger.access(answer, asked, request(HTTP_REFERER=f"http://x/login/{LINK}"), timedelta(seconds=1))
    logger.access(answer, asked, request(HTTP_USER_AGENT="\x1b[2J"), timedelta(seconds=1))

    first, second, third = read("access").splitlines()
    assert '"GET /login/*** HTTP/1.1" 200' in first and '"http://x/login/***"' in second
    assert '"GET /hooks HTTP/1.1" 200' in third and "\\u001b[2J" in third
    assert LINK not in read("access")


def test_a_crash_with_a_secret_at_hand_is_starred_in_the_error_log(written):
    logger, read = written
    try:
        raise ValueError(f"{SECRET} hunter22 a key of this very installation, 32 bytes")
    except ValueError:
        logger.exception("Error handling request /login/%s", LINK)

    text = read("error")
    assert "[ERROR] Error handling request /login/***\n" in text
    assert "ValueError: whsec_*** *** ***\n" in text


def test_settings_that_are_read_again_are_kept_clean_too(written):
    logger, read = written
    for handler in (*logger.error_log.handlers, *logger.access_log.handlers):
        handler.close()  # gunicorn leaves that to the end of the process
    logger.setup(logger.cfg)

    logger.info("to /login/%s", LINK)

    assert read("error").count("/login/***") == 1
