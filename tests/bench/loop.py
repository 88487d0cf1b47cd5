"""How fast could one thread send at all? A loop over the same guarded transport, one message after the other.

Nothing is claimed, signed or recorded in it: it is the limit that an engine with one worker could come near.
"""

from __future__ import annotations

import time

from tests.bench.ground import BODY_BYTES, LISTENERS, Place
from tests.bench.ours import Ours
from webhooks_app.engine.message import Message

HEADERS = (
    ("content-type", "application/json"),
    ("user-agent", "webhooks-app"),
    ("webhook-id", "evt_" + "0" * 32),
    ("webhook-timestamp", "1700000000"),
    ("webhook-signature", "v1," + "0" * 44),
    ("webhook-hook", "bench"),
    ("webhook-attempt", "1"),
)


def sends_per_second(place: Place, *, seconds: float) -> float:
    """How many sends a second the loop makes, its connections open and the guard on."""
    transport = Ours(place).engine.transport
    messages = [Message(place.url(number), HEADERS, b"x" * BODY_BYTES, 15.0) for number in range(LISTENERS)]
    for message in messages:
        assert transport.send(message).accepted
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        for message in messages:
            transport.send(message)
        sent += len(messages)
    return sent / (time.monotonic() - began)
