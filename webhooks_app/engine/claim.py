"""Which deliveries does this process send now? Claims a batch of ids for the length of a lease.

One transaction reads what sending needs and takes the rows with a token that only this claim knows; no
transaction is open while sending. Rows that must not go (a listener paused, a secret unreadable, a rate
used up) are put aside in the same transaction, with their reason. Ids whose rows are gone, ended or
claimed by another process are passed over: a job may come twice, or with the id of a rolled-back SAVEPOINT.

Locks are taken in one order, listeners (by id) before deliveries, as whoever pauses or deletes a listener takes
them; once deliveries are locked nothing here waits for a lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.candidates import HELD_BECAUSE
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.health import probes_among
from webhooks_app.engine.pacing import Grant, grant
from webhooks_app.engine.unsealed import UnsealedListener, unseal
from webhooks_app.storage import ids
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import WAITING, Delivery, Event, Listener, State, Status
from webhooks_app.storage.queries.among import among
from webhooks_app.storage.queries.indexed import IS_WAITING

GONE = "The listener was deleted."

# Another host's clock may be behind the one that wrote the due moment; what is a second early then harms nobody,
# while to pass it over would leave a fresh delivery to the sweep. (One clock for all, the database's, would cost
# every claim a question; the hosts' clocks are expected to agree to the second.)
EARLY = timedelta(seconds=1)

# Built once, and of Core: to build a statement of a hundred ids costs as much as to run it.
_DELIVERIES = cast("sa.Table", Delivery.__table__)
_delivery, _event, _listener = _DELIVERIES.c, Event.__table__.c, Listener.__table__.c
_IS_WAITING = among(_delivery.id, "ids") & _delivery.status.in_(WAITING)
_WAITING_ROWS = (
    sa.select(
        _delivery.id, _delivery.event_id, _delivery.listener_id, _delivery.attempt_count, _delivery.tries,
        _delivery.replay_no, _delivery.test, _delivery.by_hand, _delivery.due_at,
        _event.hook, _event.body, _event.created_at.label("event_created_at"),
        _listener.version.label("listener_version"), _listener.state, _listener.deleted_at,
    )
    .join_from(_DELIVERIES, Event.__table__, _event.id == _delivery.event_id)
    .join(Listener.__table__, _listener.id == _delivery.listener_id)
    .where(_IS_WAITING)
    .order_by(_delivery.due_at, _delivery.id)
    .with_for_update(of=_DELIVERIES, skip_locked=True)
)  # fmt: skip
_LIMITED = (
    sa.select(_listener.id)
    .where(
        _listener.rate_limit_per_second.is_not(None),
        _listener.id.in_(sa.select(_delivery.listener_id).where(_IS_WAITING)),
    )
    .order_by(_listener.id)
    .with_for_update(key_share=True)  # NO KEY UPDATE: who writes a delivery of it need not wait
)
# SKIP LOCKED, because deliveries are locked already: to wait now for one who resumes it would be a deadlock.
_STANDING_STILL = (
    sa.select(_listener.id, _listener.version)
    .where(among(_listener.id, "ids"))
    .with_for_update(read=True, key_share=True, skip_locked=True)
)
_PUT_OFF = (
    sa.update(_DELIVERIES)
    .where(_delivery.id == sa.bindparam("row_id"))
    .values(due_at=sa.bindparam("later"), queued_at=None)
)
_TAKE = (
    sa.update(_DELIVERIES)
    .where(_IS_WAITING)
    .values(
        status=Status.SENDING,
        lease_token=sa.bindparam("token"),
        lease_until=sa.bindparam("until"),
        lease_owner=sa.bindparam("owner"),
        leased_at=sa.bindparam("began"),
        queued_at=None,
    )
    .returning(_delivery.id)
)


@dataclass(slots=True)  # not frozen: see Outcome
class Claimed:
    """A delivery that this process may send until its lease ends, with all that sending needs."""

    id: str
    event_id: str
    hook: str
    body: str
    event_created_at: datetime
    listener: UnsealedListener
    attempt: int  # the number of the attempt to be made
    tries: int  # outcomes so far
    replay: bool
    test: bool
    token: str
    lease_until: datetime

    @property
    def in_log(self) -> dict[str, Any]:
        """What a line of the log says of it besides its words; for `extra`."""
        return {
            "event_id": ids.shown(ids.EVENT, self.event_id),
            "delivery_id": ids.shown(ids.DELIVERY, self.id),
            "attempt": self.attempt,
        }


def claim(engine: Engine, delivery_ids: Sequence[str], *, begins: bool = True) -> list[Claimed]:
    """Claim what may be sent of these ids. If not `begins`, each send says itself when it begins (see `beginning`)."""
    claimed = tried_again(lambda: _claim(engine, delivery_ids, begins=begins))
    reach("claim.after_commit")
    return claimed


def _claim(engine: Engine, delivery_ids: Sequence[str], *, begins: bool) -> list[Claimed]:
    now = engine.clock()
    with engine.sessions.begin() as session:
        if session.get_bind().dialect.name == "postgresql":  # an SQLite transaction is alone anyway
            session.execute(_LIMITED, {"ids": list(delivery_ids)}).all()
        rows = session.execute(_WAITING_ROWS, {"ids": list(delivery_ids)}).all()
        if not rows:
            return []
        listeners = unseal(engine, session, {row.listener_id: row.listener_version for row in rows})
        sendable = _put_aside(session, _that_are_due(session, rows, now=now), listeners, now=now)
        sendable = _within_rate(session, sendable, listeners, now=now)
        claimed = _take(engine, session, sendable, listeners, now=now, begins=begins)
        reach("claim.before_commit")
    return claimed


def _that_are_due(session: Session, rows: Sequence[Any], *, now: datetime) -> list[Any]:
    """Those whose moment has come; the others stand in the queue no longer, so that the sweep queues them then."""
    _leave(session, [row.id for row in rows if row.due_at > now + EARLY])
    return [row for row in rows if row.due_at <= now + EARLY]


def _leave(session: Session, ids: Sequence[str]) -> None:
    """Let these wait as they are, for the sweep to queue again."""
    if ids:
        session.execute(sa.update(_DELIVERIES).where(_delivery.id.in_(ids)).values(queued_at=None))


def _put_aside(
    session: Session, rows: Sequence[Any], listeners: dict[str, UnsealedListener], *, now: datetime
) -> list[Any]:
    """Hold or cancel what must not go; gives the rest. Tests, probes and what a person retries go all the same."""
    sendable: list[Any] = []
    to_hold: list[tuple[Any, str]] = []
    aside: dict[tuple[Status, str], list[str]] = {}
    probes = probes_among(session, rows)
    for row in rows:
        if row.deleted_at is not None:
            aside.setdefault((Status.CANCELLED, GONE), []).append(row.id)
        elif row.state != State.ACTIVE and not (row.test or row.by_hand or row.id in probes):
            to_hold.append((row, HELD_BECAUSE[State(row.state)]))
        elif problem := listeners[row.listener_id].problem:
            to_hold.append((row, problem))
        else:
            sendable.append(row)
    still = _standing_still(session, [row for row, _ in to_hold])
    _leave(session, [row.id for row, _ in to_hold if row.listener_id not in still])
    for row, reason in to_hold:
        if row.listener_id in still:
            aside.setdefault((Status.HELD, reason), []).append(row.id)
    for (status, reason), delivery_ids in aside.items():
        finished = now if status == Status.CANCELLED else None
        values = {"status": status, "reason": reason, "queued_at": None, "finished_at": finished}
        session.execute(sa.update(Delivery).where(Delivery.id.in_(delivery_ids)).values(**values))
    return sendable


def _standing_still(session: Session, rows: Sequence[Any]) -> set[str]:
    """Which of their listeners are as they were read, and stay so until we commit.

    Who resumes one, or gives it a new secret, releases what is held just then; what were held after that would be
    held for ever.
    """
    if not rows:
        return set()
    read = {row.listener_id: row.listener_version for row in rows}
    found = session.execute(_STANDING_STILL, {"ids": list(read)})
    return {listener_id for listener_id, version in found if version == read[listener_id]}


def _within_rate(
    session: Session, rows: Sequence[Any], listeners: dict[str, UnsealedListener], *, now: datetime
) -> list[Any]:
    """Leave for later what a listener's rate does not allow now. Counted in the database, for all workers."""
    limited: dict[str, list[Any]] = {}
    allowed = []
    for row in rows:
        if listeners[row.listener_id].rate_limit_per_second:
            limited.setdefault(row.listener_id, []).append(row)
        else:
            allowed.append(row)
    for listener_id in sorted(limited):
        waiting = limited[listener_id]
        granted = _grant(session, listeners[listener_id], len(waiting), now=now)
        allowed += waiting[: granted.count]
        _put_off(session, waiting[granted.count :], granted, now=now)
    return allowed


def _grant(session: Session, listener: UnsealedListener, wanted: int, *, now: datetime) -> Grant:
    query = sa.select(Listener.next_send_at).where(Listener.id == listener.listener_id)
    granted = grant(wanted, rate=listener.rate_limit_per_second or 0, next_at=session.scalar(query), now=now)
    session.execute(
        sa.update(Listener).where(Listener.id == listener.listener_id).values(next_send_at=granted.next_at)
    )
    return granted


def _put_off(session: Session, rows: Sequence[Any], granted: Grant, *, now: datetime) -> None:
    """Give each its own moment, after the moments of those that were put off before."""
    if not rows:
        return
    last = session.scalar(
        sa.select(_delivery.due_at)
        .where(
            IS_WAITING,
            _delivery.status == Status.PENDING,  # a retry's moment is far away and takes nobody's turn
            _delivery.listener_id == rows[0].listener_id,
            _delivery.id.not_in([row.id for row in rows]),
            _delivery.due_at > now,
        )
        .order_by(_delivery.due_at.desc())
        .limit(1)
    )
    first = granted.next_at if last is None else max(granted.next_at, last + granted.interval)
    later = [{"row_id": row.id, "later": first + place * granted.interval} for place, row in enumerate(rows)]
    session.connection().execute(_PUT_OFF, later)


def _take(
    engine: Engine,
    session: Session,
    rows: Sequence[Any],
    listeners: dict[str, UnsealedListener],
    *,
    now: datetime,
    begins: bool,
) -> list[Claimed]:
    if not rows:
        return []
    longest = max(listeners[row.listener_id].timeout_seconds for row in rows)
    token = new_id()
    until = now + timedelta(seconds=longest) + engine.lease_margin
    lease = {
        "ids": [row.id for row in rows],
        "token": token,
        "until": until,
        "owner": engine.worker_name,
        "began": now if begins else None,
    }
    ours = set(session.scalars(_TAKE, lease))
    return [_claimed(row, listeners[row.listener_id], token, until) for row in rows if row.id in ours]


def _claimed(row: Any, listener: UnsealedListener, token: str, lease_until: datetime) -> Claimed:
    return Claimed(
        id=row.id,
        event_id=row.event_id,
        hook=row.hook,
        body=row.body,
        event_created_at=row.event_created_at,
        listener=listener,
        attempt=row.attempt_count + 1,
        tries=row.tries,
        replay=row.replay_no > 0,
        test=row.test,
        token=token,
        lease_until=lease_until,
    )
