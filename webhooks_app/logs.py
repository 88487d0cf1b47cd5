"""How does the log read? A line for people, or one JSON object a line for programs.

It goes to stdout; only a command that prints an answer there, such as a token, leaves it to stderr.

Control characters are shown escaped: what a receiver or a caller sends must not forge a line or move the
cursor of whoever reads it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from webhooks_app.settings import Settings

# C0 and C1 controls, and the characters that turn the direction of text.
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """The text on one line, with everything that a terminal would act on made visible."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class TextFormatter(logging.Formatter):
    """`2026-03-02T09:30:00Z INFO webhooks_app.web: …`; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"{moment[:-6]}Z {record.levelname} {record.name}: {escaped(record.getMessage())}"
        if record.exc_info:
            trace = "\n".join(escaped(part) for part in self.formatException(record.exc_info).splitlines())
            line = f"{line}\n{trace}"
        return line


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, and what the caller gave as `extra`."""

    _fields = ("request_id", "event_id", "delivery_id", "attempt")

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: getattr(record, name) for name in self._fields if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def set_up_logging(settings: Settings) -> None:
    """Give this process's root logger the chosen format and level, once."""
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    ours = _handler()
    if ours is None:
        ours = logging.StreamHandler(sys.stdout)
        ours.set_name("webhooks_app")
        root.addHandler(ours)
    ours.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    for chatty in ("alembic", "rq.worker", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def log_to(stream: TextIO) -> None:
    """Send the log there from now on; nothing where the log is an embedding application's."""
    ours = _handler()
    if isinstance(ours, logging.StreamHandler):
        ours.setStream(stream)


def _handler() -> logging.Handler | None:
    """What `set_up_logging` gave the root logger."""
    return next((one for one in logging.getLogger().handlers if one.get_name() == "webhooks_app"), None)
