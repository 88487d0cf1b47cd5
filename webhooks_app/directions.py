"""Which characters turn the direction of the text around them? They are written out where a stranger's text is shown.

Else a name could look like another one: the bidirectional marks, embeddings, overrides and isolates of Unicode (UAX 9).
"""

from __future__ import annotations

import re

TURNING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # as it stands between the brackets of a pattern
_TURNING = re.compile(f"[{TURNING}]")


def written_out(text: str) -> str:
    """The text with each of these as its number."""
    return _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
