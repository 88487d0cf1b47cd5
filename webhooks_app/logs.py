"""How does the log read? A line for people, or one JSON object a line for programs.

It goes to stdout; only a command that prints an answer there, such as a token, leaves it to stderr.

Control characters are shown escaped: what a receiver or a caller sends must not forge a line or move the
cursor of whoever reads it. Secrets are starred, whoever logs them: those that have a form of their own, and the
values of this process's own settings.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import urlsplit

from webhooks_app.settings import Settings

# C0 and C1 controls, and the characters that turn the direction of text.
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# What lets somebody in or signs for us, in the forms that it is written in; what says which it is stays.
_SECRET = re.compile(
    r"""
    (?P<kept>
        \bwhsec_ | \bwhk_                      # signing secrets and API tokens
      | \b(?:bearer|basic)[ ]+(?=\S{16})       # of an Authorization header
      | /login/(?=[\w-]{20})                   # a link that signs in once
      | ://[^\s/:@]*:(?=[^\s/@]*@)             # the password of an address
    )
    [^\s"',;@)}\]]+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_STARRED = "***"
_SHORTEST = 8  # a shorter value of a setting is no secret, and its letters stand in other words


class Redaction:
    """Stars secrets in a text: those of a known form, and these values."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        own = sorted({one for one in values if len(one) >= _SHORTEST}, key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, own))) if own else None

    def __call__(self, text: str) -> str:
        if self._own is not None:
            text = self._own.sub(_STARRED, text)
        return _SECRET.sub(lambda found: found["kept"] + _STARRED, text)


def escaped(text: str) -> str:
    """The text on one line, with everything that a terminal would act on made visible."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class TextFormatter(logging.Formatter):
    """`2026-03-02T09:30:00Z INFO webhooks_app.web: …`; a traceback follows on lines of its own."""

    def __init__(self, redacted: Redaction | None = None) -> None:
        super().__init__()
        self._redacted = redacted or Redaction()

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = escaped(self._redacted(record.getMessage()))
        line = f"{moment[:-6]}Z {record.levelname} {record.name}: {said}"
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
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._redacted(record.getMessage()),
        }
        entry |= {name: getattr(record, name) for name in self._fields if hasattr(record, name)}
        if record.exc_info:
            entry["traceback"] = self._redacted(self.formatException(record.exc_info))
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
    form = JsonFormatter if settings.log_format == "json" else TextFormatter
    ours.setFormatter(form(Redaction(_secrets_of(settings))))
    for chatty in ("alembic", "rq.worker", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def _secrets_of(settings: Settings) -> Iterator[str]:
    yield settings.secret_key
    yield from settings.secret_key_fallbacks
    yield settings.metrics_token or ""
    for key in settings.encryption_keys:
        yield key.rstrip("=")  # as it may have been written
    for address in (settings.database_url, settings.redis_url, settings.outbound_proxy or ""):
        yield urlsplit(address).password or ""


def log_to(stream: TextIO) -> None:
    """Send the log there from now on; nothing where the log is an embedding application's."""
    ours = _handler()
    if isinstance(ours, logging.StreamHandler):
        ours.setStream(stream)


def _handler() -> logging.Handler | None:
    """What `set_up_logging` gave the root logger."""
    return next((one for one in logging.getLogger().handlers if one.get_name() == "webhooks_app"), None)
