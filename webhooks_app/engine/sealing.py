"""How are secrets kept? Encrypted with keys apart from `SECRET_KEY`, and bound to their place.

Fernet authenticates what it encrypts but not where it stands, so the plaintext carries its owner and
field: a row swapped with another one's does not open.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from webhooks_app.errors import SecretUnavailable


class Seal:
    """Seals and opens text with the newest of `keys`; older ones still open.

    `keys` are strings of at least 32 bytes, newest first. Each is stretched to a Fernet key by SHA-256,
    so that any long random string serves.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys]
        self._newest, self._fernet = fernets[0], MultiFernet(fernets)

    def seal(self, text: str, *, owner: str, field: str) -> str:
        """Encrypt `text` for this owner (a row's id) and field."""
        plain = json.dumps([owner, field, text]).encode()
        return self._fernet.encrypt(plain).decode()

    def open(self, sealed: str, *, owner: str, field: str) -> str:
        """Decrypt. Raises SecretUnavailable for a wrong key, a damaged text, or another owner's or field's."""
        try:
            found_owner, found_field, text = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as error:
            raise SecretUnavailable from error
        if (found_owner, found_field) != (owner, field):
            raise SecretUnavailable
        return str(text)

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key sealed this, so that the older ones are not needed for it."""
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True
