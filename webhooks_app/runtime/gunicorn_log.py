"""How does gunicorn log? As it does anywhere, but without secrets: the address of a request may be a sign-in link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from webhooks_app.errors import SettingError
from webhooks_app.redaction import CleanFormatter, Redaction, secret_words
from webhooks_app.settings import Settings

_KEYS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "WEBHOOKS_ENCRYPTION_KEYS", "WEBHOOKS_METRICS_TOKEN")
_ADDRESSES = ("DATABASE_URL", "REDIS_URL", "WEBHOOKS_OUTBOUND_PROXY")


class CleanLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, for its setting `logger_class`: error log and access log, in a file, a stream or syslog."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn when it starts and when it reads its settings again."""
        super().setup(cfg)
        redacted = Redaction(secret_words(_read(_KEYS), _read(_ADDRESSES)))
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            if not isinstance(handler.formatter, CleanFormatter):
                handler.setFormatter(CleanFormatter(handler.formatter, redacted))


def _read(names: tuple[str, ...]) -> Iterator[str | None]:
    """The settings that can be read; what is wrong with another one is said by whoever needs it."""
    for name in names:
        with suppress(SettingError):
            found = Settings.read_one(name, instance=Path.cwd() / "instance")
            yield from found if isinstance(found, tuple) else (found,)
