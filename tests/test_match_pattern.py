"""Are regular expressions refused for the right reason, in the right place, and harmless otherwise?"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from webhooks_app.errors import BadFilter
from webhooks_app.match import Like, lint
from webhooks_app.pattern import search_for

UNSAFE = "Look-around, back-references and possessive quantifiers are not supported (safe engine)."


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?<=a)b", f"{UNSAFE} Position 1."),
        ("a(?<!a)", f"{UNSAFE} Position 2."),
        ("(?=a)", f"{UNSAFE} Position 1."),
        ("é(?!a)", f"{UNSAFE} Position 2."),  # characters, not bytes
        (r"\\1(a)\1", f"{UNSAFE} Position 7."),  # the first \\1 is a backslash and a digit
        (r"\Q(?=\E(?=a)", f"{UNSAFE} Position 8."),  # the first is quoted
        ("[(?=](?=a)", f"{UNSAFE} Position 6."),  # the first are characters of a class
        ("(?P<n>a)(?P=n)", f"{UNSAFE} Position 9."),
        ("(?>a)", f"{UNSAFE} Position 1."),
        ("(a)(?(1)b|c)", f"{UNSAFE} Position 4."),
        ("ba++", f"{UNSAFE} Position 3."),
        ("a{2}+", f"{UNSAFE} Position 2."),
        ("(?x)a b", "(?x is not supported (safe engine). Position 1."),
        ("(?#c)a", "(?# is not supported (safe engine). Position 1."),
        ("(?a)x", "(?a is not supported (safe engine). Position 1."),
        (r"a\Z", r"\Z is not supported (safe engine); write \z. Position 2."),
        (r"\u0041", r"\u is not supported (safe engine); write \x{…}. Position 1."),
        (
            r"\N{BULLET}",
            r"\N is not supported (safe engine); write \x{…} or the character itself. Position 1.",
        ),
        ("a{1001}", "A part may be repeated at most 1000 times in all. Position 2."),
        ("((x{1000}){1000}){1000}", "A part may be repeated at most 1000 times in all. Position 4."),
        (".*@acme(", 'A ")" is missing. Position 8.'),
        ("a(b)c)", 'There is a ")" without a "(". Position 6.'),
        ("a[b", 'A "]" is missing. Position 2.'),
        ("a\\", "It ends with a single \\; write \\\\ for the character itself. Position 2."),
        ("a*|[*]|*a", "There is nothing to repeat. Position 8."),
        (r"[z\Z]\Z", r"\Z is not supported (safe engine); write \z. Position 3."),
        ("*a", "There is nothing to repeat. Position 1."),
        ("a**", "Two signs of repetition follow each other. Position 2."),
        (r"\p{Foo}", r"Invalid character class range: \p{Foo}. Position 1."),
        ("a" * 513, "A regular expression may have at most 512 characters."),
    ],
)
def test_pattern_is_refused_with_reason_and_position(pattern, message):
    with pytest.raises(BadFilter) as caught:
        Like(pattern)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("pattern", "warnings"),
    [
        (r"\d+", [r"\p{Nd}"]),
        (r"[\W]", [r"[\p{L}\p{N}_]"]),
        (r"\bx\B", [r"\b and \B"]),  # said once
        (r"\s", [r"[\s\p{Z}]"]),
        ("a$", ["very end"]),
        ("a{,3}", ["{0,3}"]),
        (r"\\d\$[$]\{,3}", []),  # a backslash, a dollar, a dollar, a brace
        (r"\Q$\d\E", []),
        ("^[0-9]{1,3}", []),
    ],
)
def test_lint_tells_where_the_safe_engine_differs(pattern, warnings):
    found = lint(pattern)

    assert len(found) == len(warnings)
    assert all(part in warning for part, warning in zip(warnings, found, strict=True))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [  # the differences that lint speaks of are real
        (r"\d", "٣", False),
        (r"\w", "é", False),
        (r"\s", "\u00a0", False),
        ("a$", "a\n", False),
        ("a{,3}", "a{,3}", True),
    ],
)
def test_safe_engine_differs_as_lint_says(pattern, text, found):
    assert lint(pattern)
    assert Like(pattern).holds(text) is found


@pytest.mark.parametrize(
    "pattern",
    [
        "(x+x+)+y",
        "(a*)*b",
        "(a|aa)+$",
        "(.*)(.*)(.*)(.*)(.*)x$",
        "(a?){30}a{30}",
        r"^(\w+\s?)*$",
        "([ab]*)*c",
    ],
)
def test_patterns_that_hang_other_engines_are_quick(pattern):
    matcher = Like(pattern)
    started = time.thread_time()

    for text in ("a" * 65_535 + "!", "x" * 65_536, "ab" * 32_768):
        matcher.holds(text)

    assert time.thread_time() - started < 0.45  # 150 ms a text


def test_longest_and_largest_patterns_are_quick_to_read():
    started = time.thread_time()

    for pattern in ("(" * 512, "x{1000}" * 73, "[" * 512, ("(x{1000})" * 60)[:512]):
        try:
            Like(pattern)
        except BadFilter:
            continue

    assert time.thread_time() - started < 1


def test_without_the_engine_regular_expressions_are_refused():
    with pytest.raises(BadFilter, match=r"^Regular expressions need the google-re2 package\.$"):
        search_for("a", engine=None)


def test_everything_else_works_without_the_engine():
    script = (
        "import sys; sys.modules['re2'] = None\n"
        "from webhooks_app.match import Filter, Startswith\n"
        "assert Filter({'name': Startswith('J')}).accepts({'name': 'Joe'})\n"
        "Filter.from_json({'name': {'like': 'J'}})\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )

    assert "BadFilter: name: Regular expressions need the google-re2 package." in ended.stderr
