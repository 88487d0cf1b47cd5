"""How does the log read? A line for people, or one JSON object a line for programs.

It goes to stdout; only a command that prints an answer there, such as a token, leaves it to stderr.

Without control characters and secrets (`redaction`), whoever logs them.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from webhooks_app.moments import rfc3339
from webhooks_app.redaction import CleaningHandler, Redaction, escaped, redaction_for
from webhooks_app.settings import Settings

PACKAGE = "webhooks_app"  # whose modules' loggers are named after it


class TextFormatter(logging.Formatter):
    """`2026-03-02T09:30:00Z INFO webhooks_app.web: …`; a traceback follows on lines of its own."""

    def __init__(self, redacted: Redaction | None = None) -> None:
        super().__init__()
        self._redacted = redacted or Redaction()

    def format(self, record: logging.LogRecord) -> str:
        said = escaped(self._redacted(record.getMessage()))
        line = f"{_moment_of(record)} {record.levelname} {record.name}: {said}"
        if record.exc_info:
            trace = self._redacted(self.formatException(record.exc_info))
            line = "\n".join([line, *map(escaped, trace.splitlines())])
        return line


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and what the caller gave as `extra`."""

    _fields = ("request_id", "event_id", "delivery_id", "attempt")

    def __init__(self, redacted: Redaction | None = None) -> None:
        super().__init__()
        self._redacted = redacted or Redaction()

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _moment_of(record),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redacted(record.getMessage()),
        }
        entry |= {name: getattr(record, name) for name in self._fields if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = self._redacted(self.formatException(record.exc_info))
        return json.dumps(entry)


def _moment_of(record: logging.LogRecord) -> str:
    return rfc3339(datetime.fromtimestamp(record.created, UTC))


def set_up_logging(settings: Settings) -> None:
    """Give this process's root logger the chosen format and level, once."""
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    ours = _handler()
    if ours is None:
        ours = logging.StreamHandler(sys.stdout)
        ours.set_name("webhooks_app")
        root.addHandler(ours)
    form = JsonFormatter if settings.log_format == "json" else TextFormatter
    ours.setFormatter(form(redaction_for(settings)))
    for chatty in ("alembic", "rq.worker", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def clean_for_others(settings: Settings) -> None:
    """Inside another application, whose log is its own: let our records come there without secrets, once."""
    ours = logging.getLogger(PACKAGE)
    for handler in [one for one in ours.handlers if isinstance(one, CleaningHandler)]:
        ours.removeHandler(handler)
    ours.addHandler(CleaningHandler(redaction_for(settings)))


def log_to(stream: TextIO) -> None:
    """Send the log there from now on; nothing where the log is an embedding application's."""
    ours = _handler()
    if isinstance(ours, logging.StreamHandler):
        ours.setStream(stream)


def _handler() -> logging.Handler | None:
    """What `set_up_logging` gave the root logger."""
    return next((one for one in logging.getLogger().handlers if one.get_name() == "webhooks_app"), None)
