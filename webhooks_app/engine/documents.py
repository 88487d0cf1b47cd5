"""How does a row read as JSON? With outside ids, and in the words of the contract, alike by the API and in a shell.

Moments stay moments: each door writes them as it writes everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from webhooks_app.engine import Engine
from webhooks_app.engine.headers import hidden
from webhooks_app.engine.message import Occasion, body_bytes
from webhooks_app.engine.wanted import own_headers
from webhooks_app.errors import SecretUnavailable
from webhooks_app.event import Hook
from webhooks_app.storage import ids
from webhooks_app.storage.models import WAITING, Attempt, Delivery, Event, Listener


def hook_json(hook: Hook) -> dict[str, Any]:
    """A hook with its arguments."""
    return {
        "name": hook.name,
        "verbose_name": hook.verbose_name,
        "description": hook.description,
        "provides_args": [{"name": each.name, "type": each.type} for each in hook.arguments],
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event with its deliveries, which must be loaded."""
    return {
        "id": ids.shown(ids.EVENT, event.id),
        "hook": event.hook,
        "payload": json.loads(event.body),
        "sender": event.sender,
        "created_at": event.created_at,
        "deliveries": [delivery_json(delivery) for delivery in event.deliveries],
    }


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery without its attempts."""
    return {
        "id": ids.shown(ids.DELIVERY, delivery.id),
        "event_id": ids.shown(ids.EVENT, delivery.event_id),
        "hook": delivery.hook,
        "listener_id": ids.shown(ids.LISTENER, delivery.listener_id),
        "status": delivery.status,
        "reason": delivery.reason,
        "attempt_count": delivery.attempt_count,
        "next_attempt_at": delivery.due_at if delivery.status in WAITING else None,
        "replay": delivery.replay_no > 0,
        "test": delivery.test,
        "created_at": delivery.created_at,
        "finished_at": delivery.finished_at,
    }


def delivery_with_attempts(engine: Engine, delivery: Delivery) -> dict[str, Any]:
    """A delivery with its attempts; they and the event must be loaded."""
    attempts = [_attempt_json(engine, delivery, attempt) for attempt in delivery.attempts]
    return {**delivery_json(delivery), "attempts": attempts}


def listener_json(engine: Engine, listener: Listener) -> dict[str, Any]:
    """A listener; of its own headers only the public ones are shown, and None stands for what cannot be read."""
    return {
        "id": ids.shown(ids.LISTENER, listener.id),
        "hook": listener.hook,
        "url": listener.url,
        "name": listener.name,
        "filter": listener.filter,
        "state": listener.state,
        "state_reason": listener.state_reason,
        "settings": {
            "timeout_seconds": listener.timeout_seconds,
            "retry_schedule": listener.retry_schedule,
            "rate_limit_per_second": listener.rate_limit_per_second,
            "sends_in_flight": listener.sends_in_flight,
            "body_format": listener.body_format,
            "answer_bodies": listener.answer_bodies,
            "headers": shown_headers(engine, listener),
            "public_headers": listener.public_headers,
            "trusted_ca": listener.trusted_ca,
        },
        "config": listener.config,
        "created_at": listener.created_at,
        "updated_at": listener.updated_at,
    }


def sent_body(engine: Engine, delivery: Delivery, attempt: Attempt | None) -> bytes:
    """The very bytes of a request, made again from the event; without an attempt, those of the first."""
    event = delivery.event
    occasion = Occasion(
        webhook_id=ids.shown(ids.EVENT, event.id),
        hook=event.hook,
        attempt=attempt.number if attempt else 1,
        replay=delivery.replay_no > 0,
        test=delivery.test,
    )
    return body_bytes(
        event.body,
        body_format=attempt.body_format if attempt else delivery.listener.body_format,
        occasion=occasion,
        created_at=event.created_at,
        source=engine.settings.public_base_url,
    )


def shown_headers(engine: Engine, listener: Listener) -> dict[str, str] | None:
    """The listener's own headers with the values of those that are public; None if they cannot be read."""
    try:
        return hidden(own_headers(engine, listener), public=listener.public_headers)
    except SecretUnavailable:
        return None


def _attempt_json(engine: Engine, delivery: Delivery, attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "duration_ms": attempt.duration_ms,
        "status_code": attempt.status_code,
        "error_class": attempt.error_class,
        "error": attempt.error,
        "skipped_ips": attempt.skipped_ips or [],
        "request": {
            "url": attempt.url,
            "headers": _joined(attempt.request_headers or ()),
            # Retention has taken it away where the headers are gone.
            "body": None
            if attempt.request_headers is None
            else sent_body(engine, delivery, attempt).decode(),
        },
        "response": None if attempt.status_code is None else _response_json(attempt),
    }


def _response_json(attempt: Attempt) -> dict[str, Any]:
    body, encoding = _as_text(attempt.response_body)
    return {
        "headers": _joined(attempt.response_headers or ()),
        "body": body,
        "encoding": encoding,
        "truncated": bool(attempt.truncated),
        "truncated_by": attempt.truncated or None,
    }


def _as_text(body: bytes | None) -> tuple[str | None, str | None]:
    """A body as JSON can hold it, and whether every byte of it was text."""
    if body is None:
        return None, None
    try:
        return body.decode(), "utf-8"
    except UnicodeDecodeError:
        return body.decode(errors="replace"), "replaced"


def _joined(pairs: Iterable[Sequence[str]]) -> dict[str, str]:
    """Headers by name in lower case; RFC 9110 §5.3 lets repeated ones be joined by commas."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
