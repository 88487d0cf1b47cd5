"""Is the work that a regular expression can make bounded, and are ordinary ones left alone? Row 47."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks_app.errors import BadFilter, FilterUnusable
from webhooks_app.match import Filter, Like
from webhooks_app.pattern import MAX_PATTERN, MAX_SUBJECT, MAX_WORK
from webhooks_app.pattern_size import places_of

_chance = random.Random(47)  # the same texts in every run
TEXTS = {
    "one letter": "a" * MAX_SUBJECT,
    "two in turn": "ab" * (MAX_SUBJECT // 2),
    "two by chance": "".join(_chance.choice("ab") for _ in range(MAX_SUBJECT)),
    "two bytes": "é" * (MAX_SUBJECT // 2),
    "four bytes": "\U0001f600" * (MAX_SUBJECT // 4),
}


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("", 0),
        ("abc", 3),
        ("a|bc", 3),
        ("a{3}", 3),
        ("a{2,5}", 5),
        ("a{3,}", 3),  # three and a loop
        ("a{0}", 1),
        ("a{,3}", 5),  # literal text to RE2
        ("ab{3}", 4),  # of the b alone
        ("(ab){3}", 6),
        ("((a{2}){3}){4}b", 25),
        ("(?:a|b){3}(?i:c){2}(?P<n>d){2}(?<m>e){2}", 12),
        ("(?i)abc", 3),
        ("[^]a-z]{4}[]x]{2}", 6),
        ("[[:alpha:]]]{2}", 3),  # the class ends after the first two
        (r"[\]a]{4}\]{2}", 6),
        (r"\(a\){3}", 5),
        (r"\Q(a{3}\E", 5),
        (r"\Qab\E{3}", 4),  # of the last character alone
        (r"\d{4}\x{4e00}{2}\x41{2}", 8),
        (r"\p{L}{2}\pN{2}[\p{L}_]{2}", 24),  # classes of Unicode count four times
        (".{0,999}x", 1000),
        ("(?:.{0,30}){0,30}x", 901),
        ("a{" + "9" * 400 + "}", int("9" * 400)),  # which RE2 refuses
        ("a)b(", 2),  # this too
    ],
)
def test_places_are_counted_as_the_repeats_say(pattern: str, places: int) -> None:
    assert places_of(pattern) == places


@pytest.mark.parametrize("pattern", [".{0,999}x", "(?:.{0,30}){0,30}x", r"\pL{0,200}x", "(?:a?b?){400}!"])
def test_a_pattern_that_is_too_large_with_its_repeats_is_refused(pattern: str) -> None:
    with pytest.raises(BadFilter) as caught:
        Like(pattern)

    assert str(caught.value) == (
        f"With its repeats written out this regular expression has {places_of(pattern):,} places, and 600 are"
        " allowed. Write * or + for a repeat whose number does not matter."
    )


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[\w.+-]{1,64}@[\w-]+(\.[\w-]+)+$", "joe@mail.example.com"),
        (r"^[\w.+-]{1,64}@[\w.-]{1,253}$", "joe@mail.example.com"),
        (
            r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "01234567-89ab-cdef-0123-456789abcdef",
        ),
        (r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$", "2026-11-30T12:00Z"),
        (r"^(\d{1,3}\.){3}\d{1,3}$", "192.0.2.1"),
        (r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", "DE02120300000000202051"),  # a bank account
        (r"^\+?[0-9 ()/-]{6,20}$", "+49 30 123456"),
        (r"^.{1,255}$", "anything"),
        (r"^\p{L}{2,40}$", "Ζορμπάς"),
        (r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}$", "a.example.com"),
        (r"(?i)\b(paid|refunded|charged back|disputed)\b", "Paid"),
        ("|".join(f"word{n:03}" for n in range(64)), "word063"),
        ("x" * MAX_PATTERN, "x" * MAX_PATTERN),
    ],
)
def test_ordinary_patterns_are_accepted(pattern: str, text: str) -> None:
    assert Like(pattern).holds(text)
    assert not Like(pattern).holds("\n" * 4096)


@pytest.mark.parametrize("pattern", [r"\d{4}-\d{2}-\d{2}", ".*@acme", r"\w+@\w+\.\w+", "[ab]{50}c"])
def test_a_pattern_of_usual_size_searches_64_kibibytes(pattern: str) -> None:
    assert not Like(pattern).holds("\n" * MAX_SUBJECT)


def test_a_large_pattern_searches_shorter_texts_and_says_so() -> None:
    like = Like(".{0,499}x")

    assert like.holds("a" * 8000 + "x")
    with pytest.raises(FilterUnusable) as caught:
        like.holds("a" * 9000)

    assert (
        str(caught.value)
        == "A text of more than 8 KiB cannot be searched by a regular expression this large."
    )


@pytest.mark.parametrize(
    "pattern", [".{0,599}", "(?:.{0,24}){0,24}x", r"\pL{0,149}x", "(?:a?b?){299}!", "a[ab]{0,200}c"]
)
def test_whatever_is_accepted_is_quick_on_every_text(pattern: str) -> None:
    found = Filter({"name": Like(pattern)})

    for text in TEXTS.values():
        for size in (MAX_SUBJECT, 32_768, 16_384, 12_288, 8192, 6144, 4096):
            piece = text.encode()[:size].decode(errors="ignore")
            began = time.thread_time()
            try:
                found.accepts({"name": piece})
            except FilterUnusable:
                continue
            assert time.thread_time() - began < 0.45  # three times the promise, for slow machines
            break


PARTS = st.recursive(
    st.sampled_from(["a", ".", "[ab]", r"\w", r"\pL", "[^x]", "é", r"\b", "a?", "b*", r"[\p{L}\p{N}_]"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{3}", "{0,20}", "{1,80}", "{200,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=100)
@given(start=st.sampled_from(["", "a", ".*", "[ab]*a"]), part=PARTS)
def test_no_pattern_makes_more_work_than_is_allowed(start: str, part: str) -> None:
    pattern = start + part
    too_long = min(MAX_SUBJECT, MAX_WORK // max(places_of(pattern), 1)) + 1

    with pytest.raises((BadFilter, FilterUnusable)):
        Like(pattern).holds("a" * too_long)
