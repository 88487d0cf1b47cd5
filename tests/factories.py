"""What rows does a test need? Listeners, events and deliveries; a test names only what it is about.

The functions take the engine first and commit; the fixtures of the same names (conftest.py) have it bound.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from webhooks_app.engine import Engine
from webhooks_app.engine.signing import fingerprint, new_secret
from webhooks_app.match import Filter
from webhooks_app.payload import encode
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import FINAL, Attempt, Delivery, Event, Listener, Secret, State, Status
from webhooks_app.storage.people import User

_numbers = itertools.count(1)


def make_listener(
    engine: Engine,
    *,
    hook: str = "person",
    url: str = "",
    filter: Filter | Mapping[str, Any] | None = None,  # noqa: A002 (the column's name)
    headers: Mapping[str, str] | None = None,
    secret: str | None = None,
    **columns: Any,
) -> Listener:
    """A stored listener with one signing secret; the filter as a Filter or JSON, any column by its name."""
    now, number = engine.clock(), next(_numbers)
    listener = Listener(
        **{
            "id": new_id(),
            "hook": hook,
            "url": url or f"http://127.0.0.1:9/receiver/{number}",
            "name": f"Receiver {number}",
            "filter": filter.to_json() if isinstance(filter, Filter) else dict(filter or {}),
            "state": State.ACTIVE,
            "state_since": now,
            "created_at": now,
            "updated_at": now,
            "config": {},
        }
        | columns
    )
    if headers:
        listener.headers_sealed = engine.seal.seal(
            json.dumps(dict(headers)), owner=listener.id, field="headers"
        )
    with engine.sessions.begin() as session:
        session.add_all([listener, sealed_secret(engine, listener.id, secret or new_secret())])
    return listener


def sealed_secret(engine: Engine, listener_id: str, secret: str, **columns: Any) -> Secret:
    """A secret of a listener, not yet stored."""
    return Secret(
        **{
            "id": new_id(),
            "listener_id": listener_id,
            "sealed": engine.seal.seal(secret, owner=listener_id, field="secret"),
            "last_four": secret[-4:],
            "fingerprint": fingerprint(secret),
            "created_at": engine.clock(),
        }
        | columns
    )


def make_event(
    engine: Engine, *, hook: str = "person", payload: Mapping[str, Any] | None = None, **columns: Any
) -> Event:
    """A stored event that is not dispatched yet."""
    given = payload if payload is not None else {"name": "Joe", "address": "New York"}
    event = Event(
        **{"id": new_id(), "hook": hook, "body": encode(given), "created_at": engine.clock()} | columns
    )
    with engine.sessions.begin() as session:
        session.add(event)
    return event


def make_delivery(
    engine: Engine,
    *,
    event: Event | None = None,
    listener: Listener | None = None,
    status: str = Status.PENDING,
    **columns: Any,
) -> Delivery:
    """A stored delivery, due now; its event (dispatched) and listener are made where not given."""
    now = engine.clock()
    event = event or make_event(engine, dispatched_at=now)
    listener = listener or make_listener(engine, hook=event.hook)
    leased = {"lease_token": new_id(), "lease_owner": "another worker", "lease_until": now, "leased_at": now}
    delivery = Delivery(
        **{
            "id": new_id(),
            "event_id": event.id,
            "listener_id": listener.id,
            "hook": event.hook,
            "status": status,
            "due_at": now,
            "created_at": now,
            "finished_at": now if status in FINAL else None,
        }
        | (leased if status == Status.SENDING else {})
        | columns
    )
    with engine.sessions.begin() as session:
        session.add(delivery)
    return delivery


def make_attempt(engine: Engine, delivery: Delivery, **columns: Any) -> Attempt:
    """A recorded attempt of a delivery, by default the first one, answered with 200."""
    attempt = Attempt(
        **{
            "id": new_id(),
            "delivery_id": delivery.id,
            "number": 1,
            "started_at": engine.clock(),
            "duration_ms": 5.0,
            "status_code": 200,
            "url": "http://127.0.0.1:9/receiver",
            "ip": "127.0.0.1",
            "timings": {"total_ms": 5.0},
            "request_headers": [["content-type", "application/json"]],
            "response_headers": [["content-type", "text/plain"]],
            "response_body": b"",
        }
        | columns
    )
    with engine.sessions.begin() as session:
        session.add(attempt)
    return attempt


def make_user(engine: Engine, *, email: str = "", role: str = "admin", **columns: Any) -> User:
    """A stored user without a password."""
    user = User(
        **{
            "id": new_id(),
            "email": email or f"user{next(_numbers)}@example.com",
            "role": role,
            "created_at": engine.clock(),
        }
        | columns
    )
    with engine.sessions.begin() as session:
        session.add(user)
    return user
