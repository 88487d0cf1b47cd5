"""When does a listener take its next step on the failure ladder? As soon as it is due, in a transaction of its own.

That is tried right after the outcomes are recorded, so that a receiver that is gone is left alone at once; whatever
was not done there (somebody changes the listener just then, the process dies) and whatever only time brings is the
sweep's. Two that try at once do no harm: the second finds the listener locked, or nothing due.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from webhooks_app.engine import Engine, health, ladder
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.climb import Climb
from webhooks_app.engine.doorbell import ring
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.queueing import push
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Listener, State

log = logging.getLogger("webhooks_app.ladder")

AT_ONCE = 200  # listeners that one sweep looks at
# A failing listener for which nothing is held is looked at again after so long: its next event is the probe.
NOTHING_HELD = timedelta(seconds=5)


def take_due(engine: Engine) -> int:
    """Take the steps whose moment has come; gives how many listeners were looked at."""
    due = (
        sa.select(ListenerHealth.listener_id)
        .where(ListenerHealth.look_at <= engine.clock())
        .order_by(ListenerHealth.look_at, ListenerHealth.listener_id)
        .limit(AT_ONCE)
    )
    with engine.readings() as session:
        listener_ids = session.scalars(due).all()
    take(engine, listener_ids)
    return len(listener_ids)


def take(engine: Engine, listener_ids: Iterable[str]) -> None:
    """Take the next step with each of these listeners. Never raises: the sweep tries again."""
    for listener_id in listener_ids:
        try:
            climb = tried_again(partial(_take, engine, listener_id))
        except Exception:
            # Broad, because what was recorded is recorded, and one listener must not stop the others' steps.
            log.exception("The next step with the listener %s could not be taken.", listener_id)
            continue
        if climb is not None:
            _follow_up(engine, climb)


def _follow_up(engine: Engine, climb: Climb) -> None:
    """Ring and queue, now that it is committed; whoever dies before leaves both to the sweep."""
    reach("ladder.after_commit")
    if climb.has_told:
        ring(engine)
    if climb.probe_id is not None:
        push(engine, [climb.probe_id])


def _take(engine: Engine, listener_id: str) -> Climb | None:
    now = engine.clock()
    # SKIP LOCKED, because whoever changes the listener may need what a worker that waits here holds up.
    query = sa.select(Listener).where(Listener.id == listener_id).with_for_update(skip_locked=True)
    with engine.sessions.begin() as session:
        listener = session.scalar(query)
        row = session.get(ListenerHealth, listener_id, with_for_update=True)
        if listener is None or row is None:
            return None
        if listener.deleted_at is not None:
            session.delete(row)
            return None
        is_failing = listener.state == State.FAILING
        known = health.health_of(row)
        known = replace(known, is_failing=is_failing, has_succeeded=is_failing and known.has_succeeded)
        climb = Climb(engine, session, listener, known, now)
        climb.take(
            ladder.next_step(
                known,
                listener.state,
                since=listener.state_since,
                now=now,
                chance=random.random(),  # nosec B311 # jitter, not a secret
            )
        )
        _keep(climb, row)
        session.flush()
        reach("ladder.before_commit")
    return climb


def _keep(climb: Climb, row: ListenerHealth) -> None:
    """Write down what is known now, and when the sweep looks again; a listener that is well has no row."""
    if climb.health == ladder.Health():
        climb.session.delete(row)
        return
    for name, value in health.columns_of(climb.health).items():
        setattr(row, name, value)
    if climb.listener.state not in (State.ACTIVE, State.FAILING):
        row.look_at = climb.health.backlog_at
    elif climb.found_nothing:
        row.look_at = climb.now + NOTHING_HELD
    else:
        row.look_at = ladder.look_at(climb.health, now=climb.now)
