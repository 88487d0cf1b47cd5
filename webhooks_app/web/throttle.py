"""How often may somebody try to get in? Each attempt is counted before it is looked at; one that was right, given back.

To count what has failed, afterwards, would let as many passwords be tried as can be asked at the same moment.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from threading import Lock

from flask import Response, current_app
from flask_limiter import RequestLimit
from limits.errors import StorageError

from webhooks_app.extensions import limiter
from webhooks_app.web import error_pages

log = logging.getLogger(__name__)

# The counts in memory, which stand in for Redis, lose some when threads add to them together; and of the requests
# that find out together that Redis is gone, all but the first would pass uncounted.
_one_at_a_time = Lock()


def count(attempt: Callable[[], None]) -> None:
    """Count by `attempt`, which carries the limits; too many end the request with 429."""
    with _one_at_a_time:
        attempt()


def give_back() -> None:
    """What was counted in this request is no failure."""
    for each in limiter.current_limits:
        try:
            _take_off(each)
        except StorageError as error:  # then it counts as a failure, for a while
            log.warning("An attempt to sign in stays counted: %s", error)


def nameless(who: str) -> str:
    """What stands for `who` in Redis, where nobody's e-mail belongs, nor a password that was typed in its place."""
    key = str(current_app.secret_key).encode()
    return hmac.digest(key, b"throttle " + who.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def too_many(limit: RequestLimit) -> Response:
    """The answer to one more attempt than `limit` allows."""
    return error_pages.too_many(max(1, round(limit.reset_at - time.time())))


def _take_off(counted: RequestLimit) -> None:
    with _one_at_a_time:
        strategy = limiter.limiter
        # Below nothing, where its time is over meanwhile, it would let one more through.
        if strategy.storage.get(counted.limit.key_for(*counted.request_args)) > 0:
            strategy.hit(counted.limit, *counted.request_args, cost=-1)
