"""Which address has a static file, so that browsers may keep it for ever?

The address carries the start of the file's hash. A changed file has another address;
an unchanged one is never asked for again.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

FOR_EVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Give `app`'s templates `static_url`, and its static answers their caching."""
    app.jinja_env.globals["static_url"] = static_url
    app.after_request(_cache_versioned)


def static_url(path: str) -> str:
    """The address of a file under `static/`, with its version."""
    version = version_of(_static_folder() / path)
    return url_for("static", filename=path, v=version) if version else url_for("static", filename=path)


def version_of(file: Path) -> str | None:
    """The first eight hexadecimal digits of the file's SHA-256; None where there is no such file."""
    try:
        changed_at = file.stat().st_mtime_ns
    except OSError:
        return None
    return _digest(file, changed_at)


@lru_cache(maxsize=256)
def _digest(file: Path, _changed_at: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]


def _static_folder() -> Path:
    return Path(current_app.static_folder or "")


def _cache_versioned(response: Response) -> Response:
    asked = request.args.get("v")
    if request.endpoint != "static" or not asked or response.status_code not in (200, 304):
        return response
    # During a roll-out an old process may be asked for a version that it does not have.
    known = asked == version_of(_static_folder() / (request.view_args or {})["filename"])
    response.headers["Cache-Control"] = FOR_EVER if known else "no-store"
    return response
