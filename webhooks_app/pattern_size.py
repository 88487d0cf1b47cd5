"""How much work can a regular expression make?

RE2 writes counted repeats out before it searches, and at worst follows each place of what it then has at every byte
of the text: time grows with the product of the two. So places are counted, as RE2 reads the pattern. (The size of
its program says less: a `\\p{L}` has a thousand instructions, and costs four dots.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(slots=True)
class _Group:
    """What stands between two brackets: its places, those of its last part among them."""

    places: int = 0
    last: int = 0

    def add(self, places: int) -> None:
        self.places += places
        self.last = places

    def repeat(self, times: int) -> None:
        self.places += self.last * (times - 1)
        self.last *= times


def places_of(pattern: str) -> int:
    """The characters, classes and assertions of the pattern, each as often as its counted repeats say.

    A pattern that RE2 refuses has some number too.
    """
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        if token["open"]:
            groups.append(_Group())
        elif token["close"] and len(groups) > 1:
            groups[-2].add(groups.pop().places)
        elif token["count"]:
            groups[-1].repeat(_times(token["least"], token["most"]))
        elif token["quoted"] is not None:
            for _ in token["quoted"]:
                groups[-1].add(1)
        elif token["one"]:
            groups[-1].add(_UNICODE_PLACES if _UNICODE.search(token["one"]) else 1)
    return sum(group.places for group in groups)


_UNICODE = re.compile(r"\\[pP]")
_UNICODE_PLACES = 4  # measured: so much longer is a class of Unicode followed

_TOKEN = re.compile(
    r"""
    \\Q(?P<quoted>.*?)(?:\\E|\Z)
    | (?P<flags>\(\?[A-Za-z-]+\))
    | (?P<open>\((?:\?P?<\w+>|\?[A-Za-z-]*:)?)
    | (?P<close>\))
    | (?P<count>\{(?P<least>[0-9]+)(?P<most>,[0-9]*)?\})
    | (?P<sign>[*+?|])
    | (?P<one>
        \\[pP]\{[^}]*\} | \\[pP]. | \\x\{[^}]*\} | \\x[0-9A-Fa-f]{2} | \\.
        | \[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]])*\]
        | .
      )
    """,
    re.DOTALL | re.VERBOSE,
)


def _times(least: str, most: str | None) -> int:
    if most is None or most == ",":
        return max(int(least), 1)
    return max(int(most[1:]), 1)
