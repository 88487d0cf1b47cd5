"""How is a request shown that the built-in receiver got? Its verdict, which event it brought, and its parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from webhooks_app.engine.echo import FORGED, STALE, VERIFIED
from webhooks_app.storage import ids
from webhooks_app.storage.echo import EchoRequest
from webhooks_app.web.bodies import Body, header, shown_body
from webhooks_app.web.present import pretty_json

# Fifty bodies stand on one page; the rest of a longer one is in its download.
SHOWN_CHARACTERS = 16 * 1024

# A viewer sees what we and the connection add; a listener's own headers may hold credentials.
_OPEN_HEADERS = frozenset(
    ("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host",
     "user-agent", "webhook-attempt", "webhook-hook", "webhook-id", "webhook-replay", "webhook-signature",
     "webhook-test", "webhook-timestamp")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Received:
    """`problem` says why the request is not verified, "" if it is; `event_id` is its webhook-id if that can be
    one of our events; a header is (name, value, whether the reader may not see it); `body` is None then too.
    """

    id: str
    received_at: datetime
    answered: int
    problem: str
    tone: str
    hook: str
    attempt: str
    event_id: str | None
    headers: list[tuple[str, str, bool]]
    size: int
    body: Body | None

    @property
    def name(self) -> str:
        """What it is called on the page: the last digits of its id."""
        return self.id[-6:]


def received(row: EchoRequest, *, sees_bodies: bool) -> Received:
    """A kept request; without `sees_bodies` nothing is in it that a listener or an event holds."""
    return Received(
        id=row.id,
        received_at=row.received_at,
        answered=row.answered,
        problem="" if row.verdict == VERIFIED else row.verdict,
        tone="ok" if row.verdict == VERIFIED else "bad" if row.verdict in (FORGED, STALE) else "warn",
        hook=header(row.headers, "webhook-hook")[:100],
        attempt=header(row.headers, "webhook-attempt")[:10],
        event_id=_event_id(header(row.headers, "webhook-id")),
        headers=[
            (name, value, not sees_bodies and name.lower() not in _OPEN_HEADERS)
            for name, value in row.headers
        ],
        size=len(row.body),
        body=_shown(row) if sees_bodies else None,
    )


def _event_id(webhook_id: str) -> str | None:
    row_id = ids.parse(ids.EVENT, webhook_id)
    return ids.shown(ids.EVENT, row_id) if row_id else None


def _shown(row: EchoRequest) -> Body:
    body = shown_body(row.body, row.headers)
    # Indented before it is cut: the beginning of JSON is not JSON, and could not be indented any more.
    text = pretty_json(body.text) if body.kind == "json" else body.text
    if len(text) <= SHOWN_CHARACTERS:
        return replace(body, text=text)
    note = ", ".join(part for part in (body.note, "the first 16 KB") if part)
    return replace(body, text=text[:SHOWN_CHARACTERS], note=note)
