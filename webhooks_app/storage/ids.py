"""What is a row called, inside the database and outside it?

Inside: a UUIDv7 (RFC 9562) as 32 hexadecimal digits, made in Python before the row exists, so that a
caller knows an event's id without waiting for the database, and ids sort by time.
Outside (pages, API, wire, command line): the same with a prefix, `evt_0198…`.
"""

from __future__ import annotations

import re
from typing import Final

import uuid_utils

EVENT: Final = "evt"
DELIVERY: Final = "dlv"
LISTENER: Final = "lsn"
REPLAY: Final = "rpl"

_HEX_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """A fresh id, 32 hexadecimal digits; later ones sort after earlier ones of the same process."""
    return uuid_utils.uuid7().hex


def shown(prefix: str, row_id: str) -> str:
    """The id as people and programs see it: `shown("evt", row.id)`."""
    return f"{prefix}_{row_id}"


def parse(prefix: str, text: str) -> str | None:
    """The row's id behind an outside id, or None if `text` is not one with this prefix.

    The bare 32 digits are accepted too, so that an id copied out of the database works on the command line.
    """
    return bare(text.strip().removeprefix(f"{prefix}_"))


def bare(text: str | None) -> str | None:
    """The row's id that `text` is, or None if it is none."""
    found = (text or "").strip().lower()
    return found if _HEX_ID.fullmatch(found) else None
