"""Has an answer changed since it was last read? An ETag of its bytes, so that nothing can be forgotten in it."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from flask import Response, current_app, request


def etag_of(document: dict[str, Any]) -> str:
    """The ETag of a document as it is answered."""
    return _etag(cast("Response", current_app.json.response(document)).get_data())


def add(response: Response) -> Response:
    """Give a GET its ETag, and answer 304 where the caller has the same already; after every call."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200:
        return response
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(_etag(response.get_data()))
    response.make_conditional(request)
    return response


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
