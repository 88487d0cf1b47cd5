"""Is this the password? Argon2id, with as much work for an unknown e-mail as for a known one."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webhooks_app.errors import FieldError, Refused

SHORTEST = 12  # characters
LONGEST = 1024  # bytes

# OWASP's smallest parameters for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The hash to keep. Raises Refused on the field `password` (codes password_short, password_long)."""
    if len(password) < SHORTEST:
        raise Refused(FieldError("password", "password_short", f"Write at least {SHORTEST} characters."))
    if len(_bytes(password)) > LONGEST:
        raise Refused(FieldError("password", "password_long", f"Write at most {LONGEST} bytes."))
    return _hasher.hash(_bytes(password))


def fits(password: str, kept: str | None) -> bool:
    """Whether the password is the one whose hash is kept; without a hash it costs the same and never is."""
    given = _bytes(password)
    is_possible = kept is not None and len(given) <= LONGEST
    try:
        # What is too long is not hashed: that would be work of the sender's choice.
        return _hasher.verify(kept or _nobodys(), given[:LONGEST]) and is_possible
    except (VerificationError, InvalidHashError):
        return False


def is_dated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    # A lone surrogate, which a form may send, has no bytes of its own.
    return password.encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    return _hasher.hash(b"the password of nobody")
