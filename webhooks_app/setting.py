"""What is one setting: its name, its type, its default, its meaning, and how is a wrong value told?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webhooks_app.errors import SettingError

HOW_TO_MAKE_A_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
SECRET_BYTES = 32
# The password in scheme://name:password@host, and in a query of ?password=…. Up to the last @, because a password
# may hold some that nobody wrote as %40, and without a scheme too: better a star too many than a letter.
_PASSWORD = re.compile(r"((?:://)?[^/@:?#\s]*:)(?!//).*(?=@)|([?&]password=)[^&]*", re.DOTALL)
_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table."""

    name: str
    parse: Callable[[str], Any]
    default: str  # as it would be written; "" where it is worked out from others, or nothing
    meaning: str
    secret: bool = False  # never shown; may come from NAME_FILE
    address: bool = False  # shown without its password; may come from NAME_FILE
    required: bool = False  # in production
    may_be_empty: bool = False  # set to nothing it means "none"; other settings then take their default

    @property
    def attribute(self) -> str:
        """The field of `Settings` that holds it."""
        return self.name.removeprefix("WEBHOOKS_").lower()

    @property
    def may_be_file(self) -> bool:
        """Whether NAME_FILE may say where it stands."""
        return self.secret or self.address

    def value(self, text: str | None, *, file: str = "") -> Any:
        """The value that the text means, None being the default; SettingError if it is not allowed.

        `file` is where the text stands, if NAME_FILE said so: then that is told, and never what the file holds.
        """
        try:
            return self.parse(self.default if text is None else text)
        except ValueError as exc:
            written = f'_FILE="{file}"' if file else self._written(text or "")
            raise SettingError(f"{self.name}{written} is not allowed: {exc}") from exc

    def check_for_production(self, text: str | None) -> None:
        """SettingError if production cannot do with this text, with the way to make a key."""
        if not self.required:
            return
        how = f" Make one with: {HOW_TO_MAKE_A_KEY}" if self.secret else ""
        if text is None:
            raise SettingError(f"{self.name} is not set, and production needs it: {self.meaning}.{how}")
        if self.secret and len(text.encode()) < SECRET_BYTES:
            raise SettingError(f"{self.name} is not allowed: must be at least {SECRET_BYTES} bytes.{how}")

    def _written(self, text: str) -> str:
        if self.secret:
            return ""
        # Folded and cut: the message stays one line, whatever was pasted into the variable.
        shown = " ".join((masked(text) if self.address else text).split())
        return f'="{shown[:_LONGEST_SHOWN]}"'


def masked(address: str) -> str:
    """An address without its password."""
    return _PASSWORD.sub(lambda match: f"{match[1] or match[2]}***", address)
