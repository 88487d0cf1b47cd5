"""How does a file leave so that no browser shows it as a page? As an attachment, sandboxed should one do so."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response


def attachment(content: bytes | Iterable[bytes], *, content_type: str, name: str) -> Response:
    """The file, in UTF-8 as far as it is text; in parts it is written while they are read."""
    response = Response(content, content_type=f"{content_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
