"""Which addresses has the console? All of its rules, with rows behind those that name one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask

from tests import factories
from webhooks_app.engine import Engine, accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.storage.models import Listener
from webhooks_app.storage.people import User

# Files; and the page of a sign-in link, whose address holds it anyway.
LEFT_OUT = {"static", "sign_in.link", "sign_in.use_link"}


def parts_for(engine: Engine, listener: Listener, user: User) -> dict[str, Any]:
    """What stands in the addresses: the listener, an event and a delivery of it with an attempt, a user, a token."""
    event = factories.make_event(engine, dispatched_at=engine.clock())
    delivery = factories.make_delivery(engine, event=event, listener=listener)
    deliver_batch(engine, [delivery.id], patience=ENDLESS)
    token = accounts.create_token(engine, "crawl", "read", by=CODE).row
    return {
        "listener_id": f"lsn_{listener.id}", "delivery_id": f"dlv_{delivery.id}", "event_id": f"evt_{event.id}",
        "name": "person", "user_id": user.id, "token_id": token.id, "token": "box", "number": 1, "side": "request",
        "request_id": "1", "person_id": 1,
    }  # fmt: skip


def addresses(app: Flask, parts: Mapping[str, Any], method: str) -> Iterator[tuple[str, str]]:
    """The endpoint and the address of every rule that takes this method."""
    bound = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()) and rule.endpoint not in LEFT_OUT:
            values = {name: parts[name] for name in rule.arguments}
            yield rule.endpoint, bound.build(rule.endpoint, values, method=method)
