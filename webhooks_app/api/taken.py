"""What do the calls take? Queries and bodies by their fields; what is not named here is refused."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from webhooks_app.api.bodies import BATCH_BYTES
from webhooks_app.api.fields import (
    Choice,
    Choices,
    ErrorClass,
    Id,
    Moment,
    Number,
    Object,
    Place,
    ReadOnly,
    StatusCode,
    Taken,
    Text,
    Texts,
    Whole,
    Word,
    refusal,
)
from webhooks_app.engine.signing_keys import LONGEST_OVERLAP, OVERLAP
from webhooks_app.storage.ids import EVENT, LISTENER
from webhooks_app.storage.models import State, Status

MOST_ROWS = 200
MOST_EVENTS = 1000


def limit() -> fields.Integer:
    """How many rows a page has."""

    def check(value: int) -> None:
        if not 1 <= value <= MOST_ROWS:
            raise refusal("out_of_range", f"Write a whole number from 1 to {MOST_ROWS}.")

    span = {"minimum": 1, "maximum": MOST_ROWS}
    return fields.Integer(load_default=50, validate=check, metadata=span)


class Paged(Taken):
    """Which part of a list."""

    limit = limit()
    cursor = Place(load_default=None, metadata={"description": "`next` of the page before."})


class Span(Paged):
    """Which part of a list of moments: `since` <= created < `until`."""

    hook = Word(load_default=None)
    since = Moment(load_default=None)
    until = Moment(load_default=None)


class ListenersWanted(Paged):
    """Which listeners."""

    hook = Word(load_default=None)
    state = Choice([each.value for each in State], load_default=None)


class DeliveriesWanted(Span):
    """Which deliveries."""

    listener = Id(LISTENER, load_default=None)
    event = Id(EVENT, load_default=None)
    status = Choices([each.value for each in Status], load_default=())
    code = StatusCode(load_default=None, metadata={"description": "A status code, or a hundred: 500, 5xx."})
    error_class = ErrorClass(load_default=None)
    test = fields.Boolean(load_default=None)


class WhyWanted(Taken):
    """Whose filter to explain."""

    listener = Id(LISTENER, required=True)


class NewEvent(Taken):
    """One event to publish."""

    payload = Object(required=True)


class NewEvents(Taken):
    """Up to a thousand events, published all or none."""

    most_bytes = BATCH_BYTES

    events = fields.List(
        fields.Nested(NewEvent), required=True, metadata={"minItems": 1, "maxItems": MOST_EVENTS}
    )

    @ma.validates("events")
    def check_events(self, value: list[object], **_: object) -> None:
        """A batch has at least one event, and not too many."""
        if not 1 <= len(value) <= MOST_EVENTS:
            raise refusal("out_of_range", f"A batch has 1 to {MOST_EVENTS} events.")


class TestEvent(Taken):
    """What to send as a test; without it the last event's payload, or a sample."""

    may_be_empty = True

    payload = Object()


class SecretTurn(Taken):
    """How long the old secret signs beside the new one: at most 7 days; 0 stops every old one at once."""

    may_be_empty = True

    overlap_seconds = Whole(
        load_default=int(OVERLAP.total_seconds()),
        metadata={"minimum": 0, "maximum": int(LONGEST_OVERLAP.total_seconds())},
    )


class SettingsGiven(Taken):
    """Delivery settings; null means: as the hook or the console's settings say."""

    timeout_seconds = Number(allow_none=True)
    retry_schedule = Text(allow_none=True)
    rate_limit_per_second = Number(allow_none=True)
    sends_in_flight = Whole(allow_none=True)
    body_format = Text()
    answer_bodies = Text()
    headers = Texts()
    public_headers = fields.List(Text())
    trusted_ca = Text(allow_none=True)


class ListenerTaken(Taken):
    """What a listener can be given, and what of its document cannot be."""

    url = Text()
    name = Text()
    filter = Object()
    settings = fields.Nested(SettingsGiven)
    config = Object()
    id = ReadOnly("A listener gets its id when it is made, and keeps it.")
    state = ReadOnly("The state is not set here: call POST /listeners/<id>/pause or /resume.")
    state_reason = ReadOnly("The reason is told with the state, and cannot be set.")
    created_at = ReadOnly("This moment is noted, and cannot be set.")
    updated_at = ReadOnly("This moment is noted, and cannot be set.")


class ListenerChange(ListenerTaken):
    """What to change; what is left out stays, one setting at a time."""

    hook = ReadOnly("A listener keeps its hook. Make another listener for another hook.")


class NewListener(ListenerTaken):
    """A listener to make."""

    hook = Text(required=True)
    url = Text(required=True)
