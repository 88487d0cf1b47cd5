"""Which regular expressions are allowed, and why is this one refused?

RE2 only, because it searches in linear time whatever the pattern; `re` would let
one listener's filter stop the dispatch of everybody's events. What that time is
multiplied by is bounded too (see `pattern_size`). RE2 also writes
"DFA out of memory" to stderr when a search falls back to its slower, equally
linear way: that line is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import ModuleType

from webhooks_app.errors import BadFilter, FilterUnusable
from webhooks_app.pattern_size import places_of

try:
    import re2 as _re2
except ImportError:  # No wheel for this platform: the app starts, only regular expressions are refused.
    _re2 = None

MAX_PATTERN = 512
"""Characters of a pattern; 20,000 opening brackets took RE2 4 GB."""

MAX_SUBJECT = 64 * 1024
"""Bytes of UTF-8 that are searched."""

MAX_PLACES = 600
"""Places of a pattern once its counted repeats are written out: more than 512 characters have without any."""

MAX_WORK = 64 * MAX_SUBJECT
"""Places times bytes. At worst each took 35 ns on a slow machine, so that no search takes longer than 150 ms."""

_MAX_MEMORY = 8 * 1024 * 1024
# Classes of Unicode without a count have few places and a large program, which is then what costs.
_INSTRUCTIONS_A_PLACE = 16


def search_for(pattern: str, *, engine: ModuleType | None = _re2) -> Callable[[str], bool]:
    """Compile the pattern once; the function returned says whether a text holds a match.

    Raises BadFilter with the reason. The function raises FilterUnusable for a
    text of more than MAX_SUBJECT bytes, or of fewer where the pattern is large.
    """
    if engine is None:
        raise BadFilter("Regular expressions need the google-re2 package.")
    if len(pattern) > MAX_PATTERN:
        raise BadFilter(f"A regular expression may have at most {MAX_PATTERN} characters.")
    options = engine.Options()
    options.max_mem = _MAX_MEMORY
    options.never_capture = True
    options.log_errors = False
    try:
        compiled = engine.compile(pattern, options)
    except engine.error as exc:
        raise BadFilter(reason_of(exc.args[0], pattern)) from exc
    search = compiled.search
    longest = _longest_text(places_of(pattern), compiled.programsize)

    def found_in(text: str) -> bool:
        # A lone surrogate has no UTF-8; it is searched as the six characters \udXXX.
        subject = text.encode("utf-8", "backslashreplace")
        if len(subject) > MAX_SUBJECT:
            raise FilterUnusable("A text of more than 64 KiB cannot be searched by a regular expression.")
        if len(subject) > longest:
            raise FilterUnusable(
                f"A text of more than {longest // 1024} KiB cannot be searched by a regular expression this large."
            )
        return search(subject) is not None

    return found_in


def _longest_text(places: int, program_size: int) -> int:
    """Bytes that a pattern of that size may search. Raises BadFilter for one that is too large for any."""
    if places > MAX_PLACES:
        raise BadFilter(
            f"With its repeats written out this regular expression has {places:,} places, and {MAX_PLACES} are"
            " allowed. Write * or + for a repeat whose number does not matter."
        )
    weight = max(places, min(program_size // _INSTRUCTIONS_A_PLACE, MAX_PLACES), 1)
    return min(MAX_WORK // weight // 1024 * 1024, MAX_SUBJECT)


def lint(pattern: str) -> list[str]:
    """Warnings where RE2 reads the pattern otherwise than Python's `re` would, each once."""
    warnings: dict[str, None] = {}
    for at, piece, in_class in pieces(pattern):
        warning = _ASCII_ONLY.get(piece.lower())
        if piece == "\\b" and in_class:
            warning = None
        if piece == "$" and not in_class:
            warning = "$ matches only at the very end, not before a final line break."
        literal = _NO_LOWER_BOUND.match(pattern, at)
        if literal and not in_class:
            warning = f"{literal[0]} is literal text here; write {{0,{literal[1]}}}."
        if warning:
            warnings[warning] = None
    return list(warnings)


_ASCII_ONLY = {
    "\\d": r"\d and \D know only the digits 0 to 9; \p{Nd} is a digit of any script.",
    "\\w": r"\w and \W know only ASCII letters and digits; [\p{L}\p{N}_] knows those of any script.",
    "\\b": r"\b and \B see the edge of a word only beside ASCII letters and digits.",
    "\\s": r"\s and \S know only ASCII white space; [\s\p{Z}] knows every space.",
}

_NO_LOWER_BOUND = re.compile(r"\{,([0-9]+)\}")


def reason_of(error: bytes | str, pattern: str) -> str:
    """RE2's error in words, with the position (the first character is 1) where it can be told."""
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else error
    kind, _, fragment = text.partition(": ")
    position = _position(kind, fragment, pattern)
    where = f" Position {position}." if position else ""
    return f"{_refusal(kind, fragment)}{where}"


_UNSAFE = "Look-around, back-references and possessive quantifiers are not supported (safe engine)."

_OTHER_WORDS = {
    "\\Z": r"\Z is not supported (safe engine); write \z.",
    "\\u": r"\u is not supported (safe engine); write \x{…}.",
    "\\U": r"\U is not supported (safe engine); write \x{…}.",
    "\\N": r"\N is not supported (safe engine); write \x{…} or the character itself.",
}

_UNSAFE_FRAGMENT = re.compile(r"\(\?(?:[=!>(]|<[=!]?|P[=>]?)$|\\[1-9kg]|.*[*+?}]\+$", re.DOTALL)

_PLAIN_WORDS = {
    "missing )": 'A ")" is missing.',
    "unexpected )": 'There is a ")" without a "(".',
    "missing ]": 'A "]" is missing.',
    "trailing \\": r"It ends with a single \; write \\ for the character itself.",
    "invalid repetition size": "A part may be repeated at most 1000 times in all.",
    "no argument for repetition operator": "There is nothing to repeat.",
    "bad repetition operator": "Two signs of repetition follow each other.",
    "pattern too large - compile failed": "The regular expression is too large.",
}


def _refusal(kind: str, fragment: str) -> str:
    if fragment in _OTHER_WORDS:
        return _OTHER_WORDS[fragment]
    if kind != "invalid repetition size" and _UNSAFE_FRAGMENT.match(fragment):
        return _UNSAFE
    if kind in _PLAIN_WORDS:
        return _PLAIN_WORDS[kind]
    if kind in ("invalid perl operator", "invalid escape sequence"):
        return f"{fragment} is not supported (safe engine)."
    return f"{kind.capitalize()}: {fragment}." if fragment else f"{kind.capitalize()}."


def _position(kind: str, fragment: str, pattern: str) -> int | None:
    """RE2 names a fragment and not its place: find the first piece of the pattern that begins with it."""
    if kind in ("missing )", "unexpected )"):
        return _unbalanced(pattern)
    if kind == "trailing \\":
        return len(pattern)
    if not fragment:
        return None
    before = ""
    for at, piece, in_class in pieces(pattern):
        # (?P is what RE2 calls (?P=name), and (?P<name> is right.
        is_named_group = fragment == "(?P" and pattern.startswith("(?P<", at)
        possible = _can_be_wrong(kind, piece, before=before, in_class=in_class) and not is_named_group
        if possible and pattern.startswith(fragment, at):
            return at + 1
        before = piece
    return None


def _can_be_wrong(kind: str, piece: str, *, before: str, in_class: bool) -> bool:
    """Whether what this kind of error names can begin with this piece: (?= inside brackets is harmless."""
    if kind == "no argument for repetition operator":
        return not in_class and before in ("", "(", "|")
    return not in_class or piece.startswith("\\") or kind == "invalid character class range"


def _unbalanced(pattern: str) -> int | None:
    """Where the first closing bracket without an opening one stands, else the last one left open."""
    open_at: list[int] = []
    for at, piece, in_class in pieces(pattern):
        if in_class:
            continue
        if piece == "(":
            open_at.append(at + 1)
        if piece == ")":
            if not open_at:
                return at + 1
            open_at.pop()
    return open_at[-1] if open_at else None


_OUTSIDE = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?|.", re.DOTALL)
_INSIDE = re.compile(r"\[:\^?\w+:\]|\\.|.", re.DOTALL)


def pieces(pattern: str) -> Iterator[tuple[int, str, bool]]:
    """Each escape, quotation or character: its index, itself, whether it stands inside [brackets]."""
    at, in_class = 0, False
    while at < len(pattern):
        found = (_INSIDE if in_class else _OUTSIDE).match(pattern, at)
        assert found is not None  # nosec B101 # both patterns end in "any character"
        yield at, found[0], in_class
        in_class = found[0] != "]" if in_class else found[0].startswith("[")
        at = found.end()
