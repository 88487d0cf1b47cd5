"""What is answered to somebody who tries too often? When to try again, on a page and in a header."""

from __future__ import annotations

import time

from flask import Response
from flask_limiter import RequestLimit

from webhooks_app.web.error_pages import error_page


def too_many(limit: RequestLimit) -> Response:
    """The answer to one more attempt than `limit` allows."""
    seconds = max(1, round(limit.reset_at - time.time()))
    response = error_page(429, f"Too many attempts. Try again in {seconds} seconds.")
    response.headers["Retry-After"] = str(seconds)
    return response
