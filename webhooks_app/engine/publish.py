"""How does an occurrence become an event that exists if and only if its transaction commits?

By one Core INSERT on the connection of the session that is open: nothing is flushed (a ModelHook publishes
from inside a flush) and nothing is committed. Only where no transaction is open does `publish` commit by
itself, in a session of its own.

The INSERT stands in no SAVEPOINT of its own: that would cost every event two more round trips, and what is written
is checked before, so that only a database that fails the caller anyway (gone, full, without our tables) refuses it.
"""

from __future__ import annotations

import logging
from typing import Any, cast

import sqlalchemy as sa

from webhooks_app.engine import Engine, outbox
from webhooks_app.engine.doorbell import ring
from webhooks_app.engine.event_row import event_row
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.firsthand import deliver_firsthand
from webhooks_app.engine.joining import begun_session
from webhooks_app.errors import DeliveryFailed
from webhooks_app.registry import Occurrence
from webhooks_app.storage import ids
from webhooks_app.storage.models import Event

log = logging.getLogger("webhooks_app.publish")

LEFT = "The event is stored, but its first attempt could not be made here; the workers make it."
# Core and made once: the ORM's way costs as much as all the rest of publishing.
EVENTS = sa.insert(cast("sa.Table", Event.__table__))
WORKER_SECONDS = 5.0  # for a worker's claim and record, besides the attempt itself


def publish(engine: Engine, occurrence: Occurrence, *, session: Any | None = None) -> str:
    """Store the occurrence and give its event's id (`evt_…`).

    `session` (default: the application's, if one is open) takes the event into its transaction if it has
    begun one. Raises UnserializablePayload if the body is larger than the setting allows, and DeliveryFailed
    for a synchronous hook that does not fail silently and whose event did not join a transaction: also where a
    worker took it and the outcome is not known in time, or the first attempt could not be made. The event is
    stored then, and delivered: to send it once more would send it twice.
    """
    row = event_row(engine, occurrence)
    joined = begun_session(engine, session)
    if joined is not None:
        joined.connection().execute(EVENTS, row)
        reach("publish.after_insert")
        outbox.remember(engine, joined, event_id=row["id"], hook=occurrence.hook)
    else:
        _publish_alone(engine, occurrence, row)
    return ids.shown(ids.EVENT, row["id"])


def _publish_alone(engine: Engine, occurrence: Occurrence, row: dict[str, Any]) -> None:
    with engine.sessions.begin() as session:
        session.connection().execute(EVENTS, row)
        reach("publish.after_insert")
    reach("publish.after_commit")
    if occurrence.hook.asynchronous:
        ring(engine)
        return
    failures = _first_outcomes(engine, row["id"])
    if failures and not occurrence.hook.fail_silently:
        raise DeliveryFailed("; ".join(failures))


def _first_outcomes(engine: Engine, event_id: str) -> list[str]:
    """A sentence for each first attempt that failed; nothing is raised, for the event is committed."""
    try:
        return deliver_firsthand(
            engine, [event_id], wait_seconds=engine.settings.timeout_seconds + WORKER_SECONDS
        )
    except Exception:
        # Whatever it is (a busy database, say): an error here would tell the caller that nothing was stored.
        log.exception("The event %s was left to the workers.", ids.shown(ids.EVENT, event_id))
        return [LEFT]
