"""How are the waits between attempts written? As the text "5s,5m,2h", or in code as a list of waits.

What cannot be read raises ValueError, whose sentence says what is allowed ("must be …").
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

LONGEST_WAIT = timedelta(hours=24)
MOST_WAITS = 50
_WAIT = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)
_WRITTEN_IN = ((3600, "h"), (60, "m"))
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_schedule(text: str) -> tuple[timedelta, ...]:
    """The waits of "5s,5m,2h"; units are s, m, h, d, bare numbers are seconds; "" means no retry."""
    return _not_too_many(tuple(_written(part) for part in text.replace(",", " ").split()))


def written(waits: Sequence[timedelta]) -> str:
    """The waits as `parse_schedule` reads them, the way people write them: "5s, 90m, 24h"."""
    return ", ".join(_in_words(wait.total_seconds()) for wait in waits)


def waits_of(given: Any) -> tuple[timedelta, ...]:
    """The waits that code may give: the text, or a list of seconds, timedeltas and texts such as "5s"."""
    if isinstance(given, str):
        return parse_schedule(given)
    if not isinstance(given, list | tuple):
        raise ValueError(
            'must be waits like "5s,5m,2h", or a list of seconds, timedeltas or texts like "5s".'
        )
    return _not_too_many(tuple(_given(wait) for wait in given))


def _not_too_many(waits: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    if len(waits) > MOST_WAITS:
        raise ValueError(f"must be at most {MOST_WAITS} waits.")
    return waits


def _given(wait: Any) -> timedelta:
    if isinstance(wait, str):
        return _written(wait.strip())
    seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if is_number and 0 <= seconds <= LONGEST_WAIT.total_seconds():
        return timedelta(seconds=seconds)
    raise ValueError(f"must be waits from 0 seconds to 24 hours; {repr(wait)[:40]} is not one.")


def _in_words(seconds: float) -> str:
    size, unit = next((row for row in _WRITTEN_IN if seconds and seconds % row[0] == 0), (1, "s"))
    return f"{seconds / size:g}{unit}"


def _written(part: str) -> timedelta:
    match = _WAIT.fullmatch(part.lower())
    # Compared as a number first: a long row of digits would overflow a timedelta.
    seconds = float(match[1]) * _UNIT_SECONDS[match[2]] if match else math.inf
    if match and seconds <= LONGEST_WAIT.total_seconds():
        return timedelta(seconds=seconds)
    if match:
        raise ValueError(f'must be waits of at most 24 hours; "{part[:20]}" is longer.')
    raise ValueError(f'must be waits like 5s, 5m, 2h or 1d, with commas between; "{part[:20]}" is not one.')
