"""How does the text of a setting become a value?

Every parser takes text and gives the value, or raises ValueError whose sentence says what is allowed
("must be …"). None of them repeats the text: a secret's error is shown too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from webhooks_app.setting import HOW_TO_MAKE_A_KEY, SECRET_BYTES
from webhooks_app.setting_addresses import is_host

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 6052 §2.2: the only lengths of a prefix that an IPv4 address can follow.
NAT64_LENGTHS = frozenset({32, 40, 48, 56, 64, 96})
_SIZE = re.compile(r"(\d+)\s*(?:([KMG])i?B?|B)?", re.ASCII | re.IGNORECASE)
_SIZE_POWERS = {"": 0, "K": 1, "M": 2, "G": 3}
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def words(text: str) -> tuple[str, ...]:
    """The parts of a list written with commas, spaces or both."""
    return tuple(text.replace(",", " ").split())


def plain(text: str) -> str:
    """The text itself."""
    return text


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Nothing, or what `parse` gives."""
    return lambda text: parse(text) if text else None


def computed(parse: Callable[[str], str]) -> Callable[[str], str]:
    """Text that is worked out from other settings where it is not set."""
    return lambda text: parse(text) if text else ""


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within two bounds."""

    def parse(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,18}", text) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"must be a whole number from {least} to {most}.")

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A number of seconds within two bounds."""

    def parse(text: str) -> float:
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) and least <= float(text) <= most:
            return float(text)
        raise ValueError(f"must be a number of seconds from {least:g} to {most:g}.")

    return parse


def size(least: int, most: int) -> Callable[[str], int]:
    """A number of bytes within two bounds: "262144", "256 KiB"."""

    def parse(text: str) -> int:
        match = _SIZE.fullmatch(text)
        amount = int(match[1]) * 1024 ** _SIZE_POWERS[(match[2] or "").upper()] if match else -1
        if least <= amount <= most:
            return amount
        raise ValueError(f"must be a number of bytes from {least} to {most}, like 262144 or 256KiB.")

    return parse


def one_of(*allowed: str, change: Callable[[str], str] = str.lower) -> Callable[[str], str]:
    """One of a few words, in any case."""

    def parse(text: str) -> str:
        if change(text) in allowed:
            return change(text)
        raise ValueError(f"must be one of {', '.join(allowed)}.")

    return parse


def switch(text: str) -> bool:
    """1 or 0."""
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be 1 or 0.")


def modules(text: str) -> tuple[str, ...]:
    """Names of Python modules."""
    for name in words(text):
        if not _MODULE.fullmatch(name):
            raise ValueError(f'must be names of modules, with commas between; "{name}" is not one.')
    return words(text)


def host_names(text: str) -> tuple[str, ...]:
    """Host names in lower case; ".example.com" means all below it."""
    for name in words(text):
        if not is_host(name.removeprefix(".")):
            raise ValueError(
                f'must be host names without scheme and port, with commas between; "{name}" is not one.'
            )
    return words(text.lower())


def networks(text: str) -> tuple[Network, ...]:
    """CIDRs; a bare address is a network of one."""
    return tuple(_network(part) for part in words(text))


def _network(part: str) -> Network:
    try:
        return ipaddress.ip_network(part)
    except ValueError:
        hint = f'"{part}" is not one.'
        with suppress(ValueError):  # not even an address: there is nothing to guess
            hint = f'"{part}" is not one; was {ipaddress.ip_network(part, strict=False)} meant?'
        raise ValueError(f"must be networks like 10.1.0.0/16 or fd00::/8; {hint}") from None


def nat64_prefixes(text: str) -> tuple[ipaddress.IPv6Network, ...]:
    """IPv6 prefixes that carry an IPv4 address (RFC 6052)."""
    found: list[ipaddress.IPv6Network] = []
    for network in networks(text):
        if not isinstance(network, ipaddress.IPv6Network) or network.prefixlen not in NAT64_LENGTHS:
            raise ValueError("must be IPv6 prefixes of /32, /40, /48, /56, /64 or /96, like 64:ff9b::/96.")
        found.append(network)
    return tuple(found)


def ports(text: str) -> tuple[int, ...]:
    """Port numbers."""
    return tuple(_port(part) for part in words(text))


def _port(part: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", part) and int(part) <= 65535:
        return int(part)
    raise ValueError("must be port numbers from 0 to 65535, with commas between.")


def encryption_keys(text: str) -> tuple[str, ...]:
    """Keys for secrets at rest, newest first, each in the form that Fernet takes."""
    if text and not words(text):
        raise ValueError("must be keys, newest first, with commas between; there is none in it.")
    return tuple(_fernet_key(part) for part in words(text))


def _fernet_key(part: str) -> str:
    # Fernet wants exactly 32 bytes in base64; token_urlsafe(32) leaves out the padding.
    try:
        key = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) == SECRET_BYTES:
        return base64.urlsafe_b64encode(key).decode("ascii")
    if len(part.encode()) < SECRET_BYTES:
        raise ValueError(
            f"must be keys of at least {SECRET_BYTES} bytes, newest first, with commas between. "
            f"Make one with: {HOW_TO_MAKE_A_KEY}"
        )
    # Any other long secret (hexadecimal, say) is accepted: its digest has the right length.
    return base64.urlsafe_b64encode(hashlib.sha256(part.encode()).digest()).decode("ascii")
