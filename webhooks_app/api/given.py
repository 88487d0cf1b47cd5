"""What do the calls give? Every document by its fields, in the words of the contract."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from webhooks_app.api.fields import Moment, Object
from webhooks_app.engine.wanted import ANSWER_BODIES
from webhooks_app.storage.ids import DELIVERY, EVENT
from webhooks_app.storage.models import State, Status


class Given(ma.Schema):
    """What a call gives. Every field is always there; later versions may give more."""

    class Meta:
        unknown = ma.EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002 (marshmallow's signature)
        """Have the document promise the field."""
        field_obj.required = True


class Argument(Given):
    """An argument that a hook provides; the type is "" where it is not known."""

    name = fields.String()
    type = fields.String()


class Hook(Given):
    """A kind of event."""

    name = fields.String()
    verbose_name = fields.String()
    description = fields.String()
    provides_args = fields.List(fields.Nested(Argument))


class Published(Given):
    """An event that was accepted."""

    id = fields.String()
    hook = fields.String()
    created_at = fields.String(metadata={"format": "date-time"})


class PublishedMany(Given):
    """The events that were accepted, in the order given."""

    ids = fields.List(fields.String())


class Delivery(Given):
    """One event for one listener."""

    id = fields.String()
    event_id = fields.String()
    hook = fields.String()
    listener_id = fields.String()
    status = fields.String(metadata={"enum": [each.value for each in Status]})
    reason = fields.String()
    attempt_count = fields.Integer()
    next_attempt_at = Moment(allow_none=True)
    replay = fields.Boolean()
    test = fields.Boolean()
    created_at = Moment()
    finished_at = Moment(allow_none=True)


class SentRequest(Given):
    """What was sent; the values of the listener's own headers are hidden."""

    url = fields.String()
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    body = fields.String(allow_none=True)


class ReceivedResponse(Given):
    """What was answered. A header that came several times has its values joined by commas."""

    headers = fields.Dict(keys=fields.String(), values=fields.String())
    body = fields.String(allow_none=True)
    encoding = fields.String(
        allow_none=True,
        metadata={"description": "utf-8, or replaced: bytes that are no UTF-8 became U+FFFD."},
    )
    truncated = fields.Boolean()
    truncated_by = fields.String(
        allow_none=True,
        metadata={"description": "size, time, broken, or discard: its listener has bodies discarded."},
    )


class Attempt(Given):
    """One HTTP request of a delivery; `response` is null where there was no answer."""

    number = fields.Integer()
    started_at = Moment()
    duration_ms = fields.Float(allow_none=True)
    status_code = fields.Integer(allow_none=True)
    error_class = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    skipped_ips = fields.List(
        fields.String(),
        metadata={
            "description": "Addresses of the receiver's name that were not dialled: they are not public."
        },
    )
    request = fields.Nested(SentRequest)
    response = fields.Nested(ReceivedResponse, allow_none=True)


class DeliveryWithAttempts(Delivery):
    """One delivery with its attempts, the first one first."""

    attempts = fields.List(fields.Nested(Attempt))


class Event(Given):
    """One occurrence of a hook, with its deliveries."""

    id = fields.String()
    hook = fields.String()
    payload = Object()
    sender = fields.String()
    created_at = Moment()
    deliveries = fields.List(fields.Nested(Delivery))


class ConditionVerdict(Given):
    """What became of one condition; `got` is null where the argument is missing."""

    argument = fields.String()
    matcher = fields.String()
    wanted = fields.Raw(allow_none=True)
    got = fields.Raw(allow_none=True)
    holds = fields.Boolean()
    missing = fields.Boolean()
    problem = fields.String(allow_none=True)


class Why(Given):
    """Why a listener takes an event, or does not."""

    event_id = fields.String()
    listener_id = fields.String()
    accepts = fields.Boolean()
    filter = fields.String(metadata={"description": "The filter in words."})
    conditions = fields.List(fields.Nested(ConditionVerdict))


class Settings(Given):
    """Delivery settings; null means: as the hook or the console's settings say."""

    timeout_seconds = fields.Float(allow_none=True)
    retry_schedule = fields.String(allow_none=True)
    rate_limit_per_second = fields.Float(allow_none=True)
    sends_in_flight = fields.Integer(allow_none=True)
    body_format = fields.String()
    answer_bodies = fields.String(metadata={"enum": list(ANSWER_BODIES)})
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={
            "description": "Only the values of `public_headers` are shown again; one sent back as (hidden) is kept. "
            "Null: they cannot be read with today's keys."
        },
    )
    public_headers = fields.List(
        fields.String(),
        metadata={
            "description": "The names of the headers whose values may be shown, here and in the log. "
            "One that becomes public has its value given anew."
        },
    )
    trusted_ca = fields.String(
        allow_none=True,
        metadata={
            "description": "Certificate authorities (PEM) that are trusted in place of the public ones."
        },
    )


class Listener(Given):
    """A URL that wants a hook's events."""

    id = fields.String()
    hook = fields.String()
    url = fields.String()
    name = fields.String()
    filter = Object()
    state = fields.String(metadata={"enum": [each.value for each in State]})
    state_reason = fields.String()
    settings = fields.Nested(Settings)
    config = Object()
    created_at = Moment()
    updated_at = Moment()


class ListenerMade(Listener):
    """A new listener, with its secret for the only time that it is shown."""

    secret = fields.String()


class NewSecret(Given):
    """The new secret, shown this once."""

    secret = fields.String()


class TestSent(Given):
    """The test that is on its way."""

    event_id = fields.String(metadata={"example": f"{EVENT}_0198f0c2b7d47c1f9a3e5d6b7c8d9e0f"})
    delivery_id = fields.String(metadata={"example": f"{DELIVERY}_0198f0c2b7d47c1f9a3e5d6b7c8d9e10"})


class RefusedField(Given):
    """A refused field; a field inside an object has dots."""

    field = fields.String()
    code = fields.String()
    message = fields.String()


class Problem(ma.Schema):
    """What went wrong (RFC 9457)."""

    class Meta:
        unknown = ma.EXCLUDE

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String()
    request_id = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(RefusedField))


def page_of(document: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a list of these documents."""
    return type(
        f"{document.__name__}List",
        (Given,),
        {
            "__doc__": f"A page of {document.__name__} documents, newest first.",
            "data": fields.List(fields.Nested(document)),
            "next": fields.String(allow_none=True, metadata={"description": "The cursor of the next page."}),
        },
    )
