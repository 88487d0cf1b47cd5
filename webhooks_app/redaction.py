"""What of a log must nobody read, and what must a stranger's text not do in one?

Secrets are starred, whoever logs them: those that have a form of their own, and the values of this process's own
settings. Control characters are shown escaped: what a receiver or a caller sends must not forge a line or move the
cursor of whoever reads it. Our own formatters (`logs`) do so; what is here does it to those of others.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from webhooks_app.directions import TURNING
from webhooks_app.settings import Setting, Settings, table

# C0 and C1 controls, and the characters that turn the direction of text.
_UNSAFE = re.compile(rf"[\x00-\x08\x0a-\x1f\x7f-\x9f{TURNING}]")

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


def redaction_for(settings: Settings) -> Redaction:
    """What stars the secrets of these settings too."""
    return Redaction(
        word for setting in table() for word in secret_words(setting, getattr(settings, setting.attribute))
    )


def secret_words(setting: Setting, value: Any) -> Iterator[str]:
    """What of its value must not be read: a key, as it may have been written, or the password of an address."""
    for one in value if isinstance(value, tuple) else (value,):
        if setting.secret:
            yield (one or "").rstrip("=")
        elif setting.address:
            yield urlsplit(one or "").password or ""


class CleanFormatter(logging.Formatter):
    """Another's formatter, which is given no secret and no control character; a traceback keeps its lines."""

    def __init__(self, inner: logging.Formatter | None, redacted: Redaction) -> None:
        super().__init__()
        self._inner, self._redacted = inner or logging.Formatter(), redacted

    def format(self, record: logging.LogRecord) -> str:
        """As the other writes it."""
        copy = logging.makeLogRecord(record.__dict__)  # the record itself is also for other handlers
        _clean(copy, self._redacted, self._inner)
        return self._inner.format(copy)


class CleaningHandler(logging.Handler):
    """Cleans records on their way up to handlers that are not ours.

    A handler, because what a logger's filter sees is only what is logged to that very logger: this one, at the logger
    of the package, is passed by the records of every module before they come to the root's handlers.
    """

    def __init__(self, redacted: Redaction) -> None:
        super().__init__()
        self._redacted = redacted

    def emit(self, record: logging.LogRecord) -> None:
        """Write nothing; what comes after has the cleaned record."""
        _clean(record, self._redacted, logging.Formatter())
        # Where nobody has set up a log, Python prints warnings, unless a handler like this one is there.
        last = logging.lastResort
        if last is not None and not logging.getLogger().handlers and record.levelno >= last.level:
            last.handle(record)


def _clean(record: logging.LogRecord, redacted: Redaction, form: logging.Formatter) -> None:
    record.msg, record.args = escaped(redacted(record.getMessage())), None
    if record.exc_info:
        trace = redacted(form.formatException(record.exc_info))
        record.exc_text = "\n".join(map(escaped, trace.splitlines()))
