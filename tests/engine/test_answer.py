"""Is the head of an answer read as receivers write it, odd as that may be?"""

from __future__ import annotations

import http.client
import io

import pytest

from webhooks_app.engine.answer import MAX_HEAD, MAX_LINE, MAX_LINES, HeadTooLarge, read_fields

END = b"\r\n"


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        (b"X-Id: 7\r\nContent-Length: 4\r\n", [("X-Id", "7"), ("Content-Length", "4")]),
        (b"x-a:1\nx-b:\t2 \n", [("x-a", "1"), ("x-b", "2")]),  # bare line ends, any space around a value
        (b"x: a\r\nx: b\r\n", [("x", "a"), ("x", "b")]),  # one that comes twice stays twice
        (b"x: a\r\n  b\r\n\tc\r\n", [("x", "a b c")]),  # folded (RFC 9112 section 5.2)
        (b" folded from nothing\r\nx: a\r\n", [("x", "a")]),
        (b"x: \xe9\xff\r\n", [("x", "\xe9\xff")]),  # Latin-1, as HTTP/1.1 began
        (b"\xe9: a\r\nx: b\r\n", [("x", "b")]),
        (b"no colon here\r\nx: a\r\n", [("x", "a")]),
        (b"x : a\r\ny: b\r\n", [("y", "b")]),  # a space before the colon could hide another name
        (b": a\r\n", []),
        (b"x:\r\n", [("x", "")]),
        (b"x: a:b\r\n", [("x", "a:b")]),
        (b"x: a\rb\r\n", [("x", "a\rb")]),
    ],
)
def test_fields_are_read_as_they_were_meant(head: bytes, fields: list[tuple[str, str]]) -> None:
    assert read_fields(io.BytesIO(head + END)) == fields


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"x: a\r\n",
        b"x: a",
        b"x: a\r\n" * MAX_LINES + END,
        b"x: " + b"a" * MAX_LINE + b"\r\n" + END,
    ],
    ids=["nothing", "no end", "half a line", "too many lines", "too long a line"],
)
def test_a_head_that_is_not_whole_or_too_large_is_none(head: bytes) -> None:
    with pytest.raises(http.client.HTTPException):
        read_fields(io.BytesIO(head))


@pytest.mark.parametrize(
    "head",
    [
        b"x:\r\n" * (MAX_LINES - 1),
        b"x: " + b"a" * (MAX_LINE - 5) + b"\r\n",
        (b"x: " + b"a" * (MAX_HEAD // 8 - 5) + b"\r\n") * 8,
    ],
    ids=["lines", "a line", "in all"],
)
def test_a_head_may_be_as_large_as_the_limits(head: bytes) -> None:
    assert len(read_fields(io.BytesIO(head + END))) == head.count(b"\n")


def test_a_head_of_few_and_short_lines_can_be_too_large_in_all() -> None:
    line = b"x: " + b"a" * (MAX_HEAD // 8 - 5) + b"\r\n"

    with pytest.raises(HeadTooLarge):
        read_fields(io.BytesIO(line * 8 + b"x:\r\n" + END))
