"""How does a list leave as a file for a spreadsheet? As CSV in which no cell is a formula.

A spreadsheet runs a cell that begins like one, and what stands in a cell may come from a stranger: a name, an
address, a user's e-mail. Such a text gets an apostrophe in front, which a spreadsheet takes for "this is text".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

from webhooks_app.web.attachments import attachment

# Spaces, quotes and what nobody sees are skipped by one spreadsheet or another; fullwidth signs are read as plain ones.
_FORMULA = re.compile(r"[\t\r\n]|[\s'\"\u200b-\u200f\u2060\ufeff]*[=+\-@|＝＋－＠]")
_ROWS_AT_ONCE = 200


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The file in parts: every cell quoted and safe, lines as RFC 4180 ends them."""
    kept = io.StringIO()
    writer = csv.writer(kept, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(head)
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(kept)
    yield _taken(kept)


def download(head: Sequence[str], rows: Iterable[Sequence[str]], name: str) -> Response:
    """The file as an answer that is written while `rows` are read, so that a long list takes no memory."""
    # Without the mark in front, a spreadsheet takes UTF-8 for the letters of its own country.
    parts = (part.encode("utf-8", "backslashreplace") for part in _marked(csv_lines(head, rows)))
    return attachment(parts, content_type="text/csv", name=name)


def _marked(parts: Iterable[str]) -> Iterator[str]:
    yield "\ufeff"
    yield from parts


def _taken(kept: io.StringIO) -> str:
    text = kept.getvalue()
    kept.seek(0)
    kept.truncate()
    return text
