"""Which events is a filter tried on? The hook's last ones; where there are none, one made up by types."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from webhooks_app.arguments import Argument
from webhooks_app.engine.trial import sample as made_up
from webhooks_app.event import Hook
from webhooks_app.storage import ids
from webhooks_app.storage.queries import events
from webhooks_app.web.preview import Sample, Seen, seen_in

LOOKED_AT = 100


def samples_of(session: Session, hook: Hook) -> list[Sample]:
    """The hook's last events, newest first; a made-up one, without an id, where there are none."""
    found = [
        Sample(json.loads(event.body), ids.shown(ids.EVENT, event.id), event.created_at, event.changes)
        for event in events.latest(session, hook.name, LOOKED_AT)
    ]
    return found or [Sample(made_up(session, hook))]


def are_made_up(samples: list[Sample]) -> bool:
    """Whether there were no events to look at."""
    return samples[0].id is None


def facts_of(arguments: tuple[Argument, ...], samples: list[Sample]) -> dict[str, Seen]:
    """What the samples hold of each argument; nothing where they are made up."""
    looked_at = [] if are_made_up(samples) else samples
    return {argument.name: seen_in(looked_at, argument.name) for argument in arguments}
