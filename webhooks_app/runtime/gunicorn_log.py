"""How does gunicorn log? As it does anywhere, but without secrets: the address of a request may be a sign-in link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from webhooks_app.errors import SettingError
from webhooks_app.redaction import CleanFormatter, Redaction, secret_words
from webhooks_app.settings import Settings, table


class CleanLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, for its setting `logger_class`: error log and access log, in a file, a stream or syslog."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn when it starts and when it reads its settings again."""
        super().setup(cfg)
        redacted = Redaction(_secret_words())
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            if not isinstance(handler.formatter, CleanFormatter):
                handler.setFormatter(CleanFormatter(handler.formatter, redacted))


def _secret_words() -> Iterator[str]:
    """Those of the settings that can be read; what is wrong with another one is said by whoever needs it."""
    for setting in table():
        with suppress(SettingError):
            yield from secret_words(
                setting, Settings.read_one(setting.name, instance=Path.cwd() / "instance")
            )
