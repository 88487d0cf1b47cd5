"""Which settings do not go together? Keys that must not be the same, and the debugger with production."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from webhooks_app.errors import SettingError
from webhooks_app.setting import HOW_TO_MAKE_A_KEY
from webhooks_app.setting_values import encryption_keys


def refuse_shared_key(signing: Iterable[str], sealing: Iterable[str]) -> None:
    """SettingError if what signs cookies also encrypts secrets: who learns the one would read the others.

    `sealing` are encryption keys as they were read.
    """
    for text in signing:
        with suppress(ValueError):  # too short for an encryption key, so it is none of them
            if set(encryption_keys(text)) & set(sealing):
                raise SettingError(
                    "WEBHOOKS_ENCRYPTION_KEYS is not allowed: must be other keys than SECRET_KEY."
                    f" Make one with: {HOW_TO_MAKE_A_KEY}"
                )


def refuse_debugger(*, is_production: bool, is_on: bool) -> None:
    """SettingError where Werkzeug's debugger, which runs what is typed into a crash, would be in production."""
    if is_production and is_on:
        raise SettingError(
            "FLASK_DEBUG is on, and production does not start with it: the debugger shows what a crash had in its"
            " hands and runs what is typed there. Unset it, and start without --debug."
        )


def asks_for_debugger(environ: Mapping[str, str]) -> bool:
    """Whether FLASK_DEBUG is on, as Flask reads it; for whoever starts before there is an application."""
    return environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no")
