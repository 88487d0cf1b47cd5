"""How is a receiver's answer read? Its head whole, within limits, after at most eight interim answers.

By hand, because http.client has the parser for e-mail do it, which took a sixth of the time of a delivery. Names and
values are read as Latin-1; a folded line continues its value; a line that is no field is passed over.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any, cast

from webhooks_app.engine.exchange import current

MAX_INTERIM = 8
MAX_LINES = 100  # the empty one at the end included
MAX_LINE = 65536
MAX_HEAD = (
    256 * 1024
)  # with the interim answers before it: a hundred such lines took 12 MB once they were read
# Sizes and extensions of a body's chunks, and its trailers: enough for a body that is kept whole in chunks of one byte.
MAX_FRAMES = 256 * 1024

_END = (b"\r\n", b"\n")
# RFC 9112 section 4. http.client would take "+200" and "2_00" for 200, as int() does.
_STATUS_LINE = re.compile(r"(HTTP/1\.[01])[ \t]+([1-9][0-9]{2})(?:[ \t](.*))?\r?\n")
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED, HTTPStatus.SWITCHING_PROTOCOLS)


class HeadTooLarge(http.client.HTTPException):
    """A line of the head is longer than 64 KiB, there are more than 100 of them, or more than 256 KiB in all."""


class Answer(http.client.HTTPResponse):
    """An answer whose head must be whole. http.client reads its body, and we what frames its chunks."""

    # Bytes that may still come.
    _head_left = MAX_HEAD
    _frames_left = MAX_FRAMES

    def begin(self) -> None:
        """Read the head, and find out how the body ends."""
        version, self.status, reason = self._read_status()
        self.code, self.reason = self.status, reason.strip()
        self.version = 11 if version == "HTTP/1.1" else 10
        self.fields = read_fields(self.fp, at_most=self._head_left)
        current().head_at = time.monotonic()
        # http.client only calls `get` of it, and the first of several counts. A HTTPHeaderDict raises and catches an
        # error for each name that is missing.
        fields = {name.lower(): value for name, value in reversed(self.fields)}
        self.headers = self.msg = cast("Any", fields)
        self.chunked = fields.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = 0 if self.status in _WITHOUT_BODY else self._content_length(fields)
        ends_with_connection = not self.chunked and self.length is None
        self.will_close = ends_with_connection or self._check_close()  # type: ignore[attr-defined]  # private

    def _content_length(self, fields: Mapping[str, str]) -> int | None:
        if self.chunked:
            return None
        try:
            length = int(fields.get("content-length", ""))  # urllib3 refuses several that differ
        except ValueError:
            return None
        return length if length >= 0 else None

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM + 1):
            line = self.fp.readline(MAX_LINE)
            version, status, reason = _status_of(line)
            self._head_left -= len(line)
            exchange = current()
            if exchange.first_byte_at is None:
                exchange.first_byte_at = time.monotonic()
            # http.client skips 100 alone and would take "103 Early Hints" for the answer.
            if status == HTTPStatus.SWITCHING_PROTOCOLS or not 100 <= status < 200:
                return version, status, reason
            self._head_left -= sum(map(len, read_lines(self.fp, at_most=self._head_left)))
        raise http.client.HTTPException("There is no end of interim answers.")

    # http.client reads these two without a bound to their sum: trailers without end kept us busy until the deadline.

    def _read_next_chunk_size(self) -> int:
        return int(self._frame().partition(b";")[0], 16)

    def _read_and_discard_trailer(self) -> None:
        while self._frame() not in (*_END, b""):  # some receivers close instead
            pass

    def _frame(self) -> bytes:
        line = self.fp.readline(self._frames_left + 1)
        self._frames_left -= len(line)
        if self._frames_left < 0:
            raise http.client.LineTooLong("frame of a chunk")
        return line


def read_fields(file: IO[bytes], *, at_most: int = MAX_HEAD) -> list[tuple[str, str]]:
    """The header's fields up to the empty line, in their order. Raises HTTPException, or HeadTooLarge of it."""
    fields: list[tuple[str, str]] = []
    for line in read_lines(file, at_most=at_most):
        text = line.decode("latin-1").rstrip("\r\n")
        if text[:1] in (" ", "\t"):
            if fields:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {text.strip()}")
            continue
        name, colon, value = text.partition(":")
        if colon and name and name.isascii() and not name.endswith((" ", "\t")):
            fields.append((name, value.strip(" \t")))
    return fields


def read_lines(file: IO[bytes], *, at_most: int) -> list[bytes]:
    """The lines up to the empty one, which ends a head, with so many bytes in all. Raises as `read_fields`."""
    lines: list[bytes] = []
    left = at_most
    while len(lines) < MAX_LINES:
        line = file.readline(MAX_LINE)
        if line in _END:
            return lines
        # http.client takes the end of the connection for the end of the head: then a head cut short, by the
        # receiver or by our own watchdog, would count as the receiver's answer.
        if not line.endswith(b"\n"):
            raise (
                HeadTooLarge if len(line) >= MAX_LINE else http.client.HTTPException("The head ended early.")
            )
        left -= len(line)
        if left < 0:
            raise HeadTooLarge
        lines.append(line)
    raise HeadTooLarge


def _status_of(line: bytes) -> tuple[str, int, str]:
    """Take a status line apart. Raises HTTPException for what is none, and RemoteDisconnected for nothing."""
    if not line:
        raise http.client.RemoteDisconnected("There was no answer.")
    found = _STATUS_LINE.fullmatch(line.decode("latin-1"))
    if found is None:
        raise HeadTooLarge if len(line) >= MAX_LINE else http.client.BadStatusLine("This is no status line.")
    return found[1], int(found[2]), found[3] or ""
