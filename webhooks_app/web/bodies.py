"""How is what was sent or answered shown? As text where it is text, else as hexadecimal digits; never as a page.

A body may hold anything, so it leaves here as a `str` that the template escapes, or as a download that no
browser runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response

from webhooks_app.web.attachments import attachment
from webhooks_app.web.present import visible

HEX_SHOWN = 4096  # bytes; the rest is in the download
_ROW = 16
_CONTROLS = frozenset(range(32)) - {9, 10, 13}


@dataclass(frozen=True, slots=True)
class Body:
    """`kind` is json, text or binary; `text` what is shown; `size` in bytes; `note` what to know of it."""

    kind: str
    text: str
    size: int
    note: str = ""


def shown_body(body: bytes, headers: Sequence[Sequence[str]] = ()) -> Body:
    """A body as it can be shown, with the words of its content-encoding if it has one."""
    encoding = header(headers, "content-encoding").lower()
    if encoding and encoding != "identity":
        note = f"{encoding[:40]}, not decoded"
        return Body("binary", hex_dump(body[:HEX_SHOWN]), len(body), note)
    text = _as_text(body)
    if text is None:
        return Body("binary", hex_dump(body[:HEX_SHOWN]), len(body), "not text")
    kind = "json" if text.lstrip()[:1] in ("{", "[") else "text"
    return Body(kind, visible(text), len(body))


def header(headers: Sequence[Sequence[str]], name: str) -> str:
    """The first header of this name, whatever its case; "" if there is none."""
    return next((str(value) for key, value in headers if str(key).lower() == name), "")


def hex_dump(body: bytes) -> str:
    """Lines of sixteen bytes: their place, their digits, and the letters among them."""
    return "\n".join(_hex_line(place, body[place : place + _ROW]) for place in range(0, len(body), _ROW))


def download(body: bytes, name: str) -> Response:
    """The very bytes, in a form that no browser shows as a page."""
    return attachment(body, content_type="text/plain", name=name)


def _as_text(body: bytes) -> str | None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last letter of a body that was cut off may lack its end.
        if len(body) - error.start > 3 or error.reason != "unexpected end of data":
            return None
        text = body[: error.start].decode("utf-8")
    return None if any(ord(letter) in _CONTROLS for letter in text) else text


def _hex_line(place: int, part: bytes) -> str:
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
    return f"{place:06x}  {part.hex(' '):<{_ROW * 3 - 1}}  {letters}"
