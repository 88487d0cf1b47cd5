"""Are the bounds those that the security plan promises? None is widened unnoticed."""

from __future__ import annotations

import pytest

from webhooks_app import conditions, pattern, payload
from webhooks_app.engine import (
    address_guard,
    answer,
    dial,
    headers,
    intervene,
    passwords,
    resolver,
    signing_keys,
    transport,
)
from webhooks_app.settings import Settings

KIB = 1024


@pytest.mark.parametrize(
    ("row", "found", "promised"),
    [
        (7, dial.MAX_ADDRESSES, 8),
        (22, transport.MAX_BODY_BYTES, 64 * KIB),
        (22, transport.BODY_SECONDS, 5),
        (22, answer.MAX_FRAMES, 256 * KIB),
        (24, (answer.MAX_LINES, answer.MAX_LINE, answer.MAX_HEAD), (100, 64 * KIB, 256 * KIB)),
        (24, (transport.MAX_STORED_HEADERS, transport.MAX_STORED_HEADER_BYTES), (64, 8 * KIB)),
        (26, answer.MAX_INTERIM, 8),
        (27, (resolver.LIMIT_SECONDS, resolver.MAX_RUNNING, resolver.FAIL_FAST_SECONDS), (5, 32, 30)),
        (29, address_guard.MAX_AGE_SECONDS, 60),
        (30, (headers.MAX_HEADERS, headers.MAX_VALUE_LENGTH, headers.MAX_BYTES), (32, 4096, 16 * KIB)),
        (38, signing_keys.MOST_LIVE, 5),
        (45, (payload.MAX_DEPTH, payload.MAX_DIGITS), (64, 4300)),
        (47, (pattern.MAX_PATTERN, pattern.MAX_SUBJECT, pattern._MAX_MEMORY), (512, 64 * KIB, 8 * KIB * KIB)),
        (47, (pattern.MAX_PLACES, pattern.MAX_WORK), (600, 4096 * KIB)),
        (51, (conditions.MAX_CONDITIONS, conditions.MAX_REGEXES), (50, 10)),
        (59, (passwords.SHORTEST, passwords.LONGEST), (12, 1024)),
        (74, intervene.MOST_AT_ONCE, 1000),
    ],
)
def test_a_bound_is_the_one_that_is_promised(row, found, promised):
    assert found == promised, f"row {row} of docs/security.md"


def test_an_attempt_has_fifteen_seconds_and_a_payload_256_kibibytes(tmp_path):
    """Rows 21 and 44: the settings' own defaults."""
    settings = Settings.read({}, root=tmp_path, instance=tmp_path)

    assert (settings.timeout_seconds, settings.max_payload_bytes) == (15, 256 * KIB)
