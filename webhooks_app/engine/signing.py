"""How does a receiver know that a request is ours? By a Standard Webhooks signature.

https://www.standardwebhooks.com: HMAC-SHA256 over `id.timestamp.body` with the secret's bytes, written
`v1,<base64>`; several, newest secret first and separated by spaces, while a secret turns. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def new_secret() -> str:
    """A fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes behind `whsec_…`. Raises ValueError if it is not 24 to 64 bytes in base64 after the prefix."""
    if not secret.startswith(PREFIX):
        raise ValueError("Secret must be whsec_ and 24 to 64 bytes in base64.")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError("Secret must be whsec_ and 24 to 64 bytes in base64.")
    return key


def sign(body: bytes, *, webhook_id: str, timestamp: int, keys: Iterable[bytes]) -> str:
    """The `webhook-signature` header's value: one signature a key, in the order given."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)


def verify(body: bytes, *, webhook_id: str, timestamp: int, signatures: str, keys: Iterable[bytes]) -> bool:
    """Whether one of the header's signatures is ours by one of the keys, compared in constant time."""
    given = [part.encode() for part in signatures.split()]
    wanted = [sign(body, webhook_id=webhook_id, timestamp=timestamp, keys=[key]).encode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)


def fingerprint(secret: str) -> str:
    """Sixteen hexadecimal digits that tell secrets apart without telling them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
