"""Is a literal really in everything that its pattern matches, and is one found where it is plain to see?"""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from webhooks_app.errors import BadFilter
from webhooks_app.literal import longest_literal
from webhooks_app.pattern import search_for


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("order", "order"),
        ("^order-[0-9]+$", "order-"),
        (r"a\.b", "a.b"),
        (r"@acme\.com$", "@acme.com"),
        ("ab+cd", "ab"),  # the longer run would be "cd" only if it were longer
        ("ab*cde", "cde"),
        ("abc?d", "ab"),
        ("abc{2}de", "ab"),
        ("abc{0,1}", "ab"),
        ("a{,3}b", ",3}b"),  # not a repetition
        ("(one|two) three", " three"),
        ("(?:one)(?P<name>two)(?<other>x)rest", "rest"),
        (r"\Qa.b\Ec", "a.bc"),
        (r"\Qab\E*c", "a"),
        ("[abc]de[f]", "de"),
        ("[]a]bc", "bc"),
        (r"\bword\b", "word"),
        ("été", "été"),
        ("one|two", ""),  # neither is sure
        ("(?i)order", ""),  # it also matches ORDER
        ("(?i:order)x", ""),
        (r"\x41bc", ""),  # read no further: its digits are no text
        (r"\pLabc", ""),
        (r"\p{Greek}", ""),
        (r"\101bc", ""),
        (".*", ""),
        ("", ""),
    ],
)
def test_the_longest_text_that_no_match_is_without(pattern, literal):
    assert longest_literal(pattern) == literal


PIECES = r"""
    a b ab aab ( (?: (?P<n> ) | * + ? *? {2} {0,1} {,2} {1,} { } [ab] [^a] []a] [[:alpha:]] \Qab\E \Q \E \Q\E
    \. \a \x61 \x{61} \141 \pL \p{L} \d \b \B ^ $ . \w (?i) (?i: (?s) \_ \- \\ - \n é \C \z \A 1 0 _ \{
"""
patterns = st.lists(st.sampled_from(PIECES.split()), min_size=1, max_size=7).map("".join)
texts = st.text(alphabet="aabbAé1-_.{}2,\n \\QE", max_size=10)


@settings(deadline=None, max_examples=300, database=None)
@given(patterns, st.lists(texts, min_size=1, max_size=8))
def test_a_text_without_the_literal_is_never_matched(pattern, subjects):
    try:
        search = search_for(pattern)
    except BadFilter:
        assume(False)

    literal = longest_literal(pattern)

    assert [text for text in subjects if search(text) and literal not in text] == []
