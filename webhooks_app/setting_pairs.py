"""Which settings do not go together? Those that must not have the same value."""

from __future__ import annotations

from collections.abc import Iterable
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
