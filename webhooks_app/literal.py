"""Which text stands in everything that a regular expression matches?

Read carefully rather than cleverly: what is optional, repeated, in brackets or one of several ways is passed
over, and a pattern that may mean something else than it shows (flags, characters by their numbers) has
none. So a text without the literal never matches; with it, it may or may not.
"""

from __future__ import annotations

import re
import string

from webhooks_app.pattern import pieces

_FLAGS = re.compile(r"\(\?(?!:|P?<)")  # (?i) and the like; named groups and (?: are groups as any other
_REPETITION = re.compile(r"\{[0-9]+(?:,[0-9]*)?\}")  # anything else in braces is literal text
_ITSELF = frozenset(string.punctuation) - {"_"}  # after a backslash
_KNOWN_AFTER_A_BACKSLASH = _ITSELF | frozenset("dDsSwWbBAzafnrtv")  # or a class, an edge, a blank


def longest_literal(pattern: str) -> str:
    """The longest text that every match has in it, as far as it is plain to see; "" where none is."""
    if _FLAGS.search(pattern):
        return ""
    return max(_Reading(pattern).runs, key=len)


class _Reading:
    """The runs of literal characters of a pattern, outside of its groups; the last one is being written."""

    def __init__(self, pattern: str) -> None:
        self.runs = [""]
        self._depth = 0
        skipped_until = 0
        for at, piece, in_class in pieces(pattern):
            if in_class or at < skipped_until:
                continue
            if self._is_unsure(piece):
                self.runs = [""]
                return
            repetition = _REPETITION.match(pattern, at) if piece == "{" else None
            if repetition:
                skipped_until = repetition.end()
            self._read("*" if repetition else piece)

    def _is_unsure(self, piece: str) -> bool:
        """Whether no character of the pattern is sure any more."""
        if self._depth:
            return False
        is_escape = len(piece) == 2 and piece[0] == "\\"
        return piece == "|" or (is_escape and piece[1] not in _KNOWN_AFTER_A_BACKSLASH)

    def _read(self, piece: str) -> None:
        if piece in ("(", ")"):
            self._depth += 1 if piece == "(" else -1
            self._end_run()
        elif self._depth:
            return
        elif piece in ("*", "?"):
            self.runs[-1] = self.runs[-1][:-1]
            self._end_run()
        else:
            self._read_character(piece)

    def _read_character(self, piece: str) -> None:
        if piece.startswith("\\Q"):
            self.runs[-1] += piece[2:].removesuffix("\\E")
        elif len(piece) == 2 and piece[0] == "\\" and piece[1] in _ITSELF:
            self.runs[-1] += piece[1]
        elif len(piece) == 1 and piece not in ".^$+{[":
            self.runs[-1] += piece
        else:
            self._end_run()

    def _end_run(self) -> None:
        self.runs.append("")
