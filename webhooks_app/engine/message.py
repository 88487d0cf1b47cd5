"""What exactly goes over the wire: the bytes and headers of one request.

Pure: the caller passes the moment, the keys and the event's stored body, so that every attempt of one
event sends identical bytes and only its timestamp and signature differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webhooks_app.engine.signing import sign
from webhooks_app.moments import rfc3339
from webhooks_app.version import __version__

USER_AGENT = f"webhooks-app/{__version__}"

_NOT_IN_TARGET = re.compile(r"[\x00-\x20\x7f]")

_CONTENT_TYPES = {"cloudevents": "application/cloudevents+json"}
_OURS = frozenset({
    "content-type", "user-agent", "webhook-attempt", "webhook-hook", "webhook-id", "webhook-replay",
    "webhook-signature", "webhook-test", "webhook-timestamp",
})  # fmt: skip

# What a listener can ask for: the payload alone, or an envelope around it.
BODY_FORMATS = {
    "plain": "The payload alone",
    "standard": "Standard Webhooks envelope: type, timestamp, data",
    "cloudevents": "CloudEvents 1.0, structured JSON",
}


@dataclass(slots=True)  # not frozen: see Outcome
class Message:
    """One POST, ready to send. `headers` are in the order sent, names in lower case; Host is not among them.

    `trusted_ca` are the certificate authorities (PEM) that are trusted in place of the public ones.
    """

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout_seconds: float
    trusted_ca: str | None = None


@dataclass(slots=True)  # not frozen: see Outcome
class Occasion:
    """Which attempt of which event this is: what the headers say beside the body.

    `webhook_id` is the event's id as outsiders see it (`evt_…`), the same on every attempt and replay.
    """

    webhook_id: str
    hook: str
    attempt: int
    replay: bool = False
    test: bool = False


def body_bytes(
    stored: str, *, body_format: str, occasion: Occasion, created_at: datetime, source: str
) -> bytes:
    """The body in the listener's format, from the event's stored JSON; the same bytes whenever it is asked."""
    if body_format == "standard":
        head = {"type": occasion.hook, "timestamp": rfc3339(created_at)}
        return _with_data(head, stored)
    if body_format == "cloudevents":
        head = {
            "specversion": "1.0",
            "id": occasion.webhook_id,
            "source": source,
            "type": occasion.hook,
            "time": rfc3339(created_at),
            "datacontenttype": "application/json",
        }
        return _with_data(head, stored)
    return stored.encode()


def headers_for(
    body: bytes,
    *,
    occasion: Occasion,
    body_format: str,
    timestamp: int,
    keys: Sequence[bytes],
    own: Sequence[tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """All headers of the request. The listener's `own` come last and can replace none of ours."""
    headers = [
        ("content-type", _CONTENT_TYPES.get(body_format, "application/json")),
        ("user-agent", USER_AGENT),
        ("webhook-id", occasion.webhook_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(body, webhook_id=occasion.webhook_id, timestamp=timestamp, keys=keys)),
        ("webhook-hook", occasion.hook),
        ("webhook-attempt", str(occasion.attempt)),
    ]
    if occasion.replay:
        headers.append(("webhook-replay", "1"))
    if occasion.test:
        headers.append(("webhook-test", "1"))
    headers += [(name.lower(), value) for name, value in own if name.lower() not in _OURS]
    return tuple(headers)


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request. Raises ValueError if something in it would begin another line."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join((*lines, "", ""))
    # Listeners' headers and URLs were checked when they were stored; this is what stands behind that.
    if len(head.splitlines()) != len(lines) + 1 or _NOT_IN_TARGET.search(target):
        raise ValueError("The request holds a character that it must not.")
    return head.encode("latin-1")


def _with_data(head: dict[str, str], stored: str) -> bytes:
    # The stored text goes in as it is: parsing and writing it again could change numbers.
    return (json.dumps(head, separators=(",", ":"))[:-1] + ',"data":' + stored + "}").encode()
