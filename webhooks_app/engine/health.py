"""How has each listener done since its last success? Counted in the very transaction that records the attempts.

What follows from it (`ladder` decides) is done in a transaction of its own, by `steps`: that one locks listeners, and
who records holds deliveries already. What is due is marked here (`look_at`), so that a process may die in between:
the sweep goes on from there.

Locks are taken in one order, listeners before deliveries before rows of health, these by id; who holds one of the
last waits for nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webhooks_app.engine.ladder import (
    PROBE_LOST,
    Health,
    after_failure,
    after_late_success,
    after_success,
    look_at,
)
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import State

if TYPE_CHECKING:
    from webhooks_app.engine.record import Finished

# What went wrong inside says nothing about the receiver.
OUR_FAULT = frozenset({"internal", "secret_unavailable"})

_KEPT = tuple(field.name for field in fields(Health))
_TABLE = cast("sa.Table", ListenerHealth.__table__)
_health = _TABLE.c
_AMONG = _health.listener_id.in_(sa.bindparam("ids", expanding=True))
_IN_TROUBLE = sa.select(_health.listener_id).where(_AMONG, (_health.failures > 0) | _health.is_failing)
_LOCKED = sa.select(_TABLE).where(_AMONG).order_by(_health.listener_id).with_for_update()
_CLEARED = sa.delete(_TABLE).where(_AMONG)
_COUNTED = (
    sa.update(_TABLE)
    .where(_health.listener_id == sa.bindparam("row_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in (*_KEPT, "look_at")})
)
_PROBES = sa.select(_health.probe_id).where(_AMONG, _health.probe_id.is_not(None))


def count(
    session: Session, recorded: Iterable[Finished], *, late: Iterable[Finished] = (), now: datetime
) -> list[str]:
    """Count these outcomes; gives the listeners for which a step is due. `late`: successes after their lease.

    While all of them are well, this is one look into a small table.
    """
    counted, too_late = ([one for one in some if _counts(one)] for some in (recorded, late))
    if not counted and not too_late:
        return []
    failed = {one.claimed.listener.listener_id for one in counted if not one.outcome.accepted}
    wanted = {one.claimed.listener.listener_id for one in (*counted, *too_late)}
    if not failed:
        wanted = set(session.scalars(_IN_TROUBLE, {"ids": list(wanted)}))
        if not wanted:
            return []
    _begin(session, failed)
    known = {row.listener_id: health_of(row) for row in session.execute(_LOCKED, {"ids": list(wanted)})}
    later = _after_all(known, counted, too_late, now=now)
    _keep(session, later, now=now)
    return sorted(listener_id for listener_id, health in later.items() if _is_due(health, now=now))


def probes_among(session: Session, rows: Sequence[Any]) -> set[str]:
    """Which deliveries may go to these rows' listeners although they are failing."""
    failing = {row.listener_id for row in rows if row.state == State.FAILING}
    if not failing:
        return set()
    return {probe_id for probe_id in session.scalars(_PROBES, {"ids": list(failing)}) if probe_id}


def let_through(session: Session, listener_id: str, delivery_id: str, *, now: datetime) -> None:
    """Let this delivery go although its listener is failing: a person asked for it, so it is the probe now."""
    chosen = sa.update(_TABLE).where(_health.listener_id == listener_id)
    session.execute(chosen.values(probe_id=delivery_id, probe_at=now + PROBE_LOST))


def go_on(session: Session, listener_id: str, at: datetime | None) -> None:
    """Have the sweep hold more of its deliveries at this moment, or let more go, as its state says."""
    if at is None:
        return
    _begin(session, [listener_id])
    session.execute(
        sa.update(_TABLE).where(_health.listener_id == listener_id).values(backlog_at=at, look_at=at)
    )


def forget(session: Session, listener_id: str) -> None:
    """The listener begins anew, as after a success."""
    session.execute(_CLEARED, {"ids": [listener_id]})


def health_of(row: Any) -> Health:
    """A stored row as the ladder knows it."""
    values = {name: getattr(row, name) for name in _KEPT}
    return Health(**{**values, "deliveries": tuple(row.deliveries)})


def columns_of(health: Health) -> dict[str, Any]:
    """The columns of a row, but for `look_at`."""
    return {**asdict(health), "deliveries": list(health.deliveries)}


def _counts(one: Finished) -> bool:
    """Tests and replays were somebody's choice and say nothing about the listener's everyday."""
    claimed = one.claimed
    return not (claimed.test or claimed.replay or one.outcome.error_class in OUR_FAULT)


def _after_all(
    known: dict[str, Health], counted: Iterable[Finished], too_late: Iterable[Finished], *, now: datetime
) -> dict[str, Health]:
    later = dict(known)
    for one in too_late:
        listener_id = one.claimed.listener.listener_id
        if listener_id in known:
            later[listener_id] = after_late_success(later[listener_id], ended_at=one.ended_at)
    for one in counted:
        listener_id = one.claimed.listener.listener_id
        if listener_id in known:
            later[listener_id] = _after(later[listener_id], one, now=now)
    return later


def _after(health: Health, one: Finished, *, now: datetime) -> Health:
    outcome = one.outcome
    if outcome.accepted:
        return after_success(health)
    return after_failure(
        health,
        delivery_id=one.claimed.id,
        error=outcome.error or f"The receiver answered {outcome.status_code}.",
        is_gone=outcome.status_code == 410,
        now=now,
    )


def _is_due(health: Health, *, now: datetime) -> bool:
    at = look_at(health, now=now)
    return at is not None and at <= now


def _begin(session: Session, failed: Collection[str]) -> None:
    """A row for each of these; in one order, so that two who record do not wait for each other."""
    if not failed:
        return
    # Each dialect has its own statement of this kind; their words are the same.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    rows = [{"listener_id": listener_id, **columns_of(Health())} for listener_id in sorted(failed)]
    session.execute(insert(_TABLE).values(rows).on_conflict_do_nothing())


def _keep(session: Session, later: dict[str, Health], *, now: datetime) -> None:
    well = [listener_id for listener_id, health in later.items() if health == Health()]
    if well:
        session.execute(_CLEARED, {"ids": well})
    counted = [
        {"row_id": listener_id, "new_look_at": look_at(health, now=now)}
        | {f"new_{name}": value for name, value in columns_of(health).items()}
        for listener_id, health in later.items()
        if health != Health()
    ]
    if counted:
        session.connection().execute(_COUNTED, counted)
