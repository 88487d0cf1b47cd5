"""The story of an attempt: claim a batch, send, decide, record.

No transaction is open while sending. What a job has no patience to wait for is left to the stragglers, who record
it later; what could not even begin in time is given back to the database and goes to the queue for slow listeners.
A crash in between is covered by the lease.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from webhooks_app.engine import Engine
from webhooks_app.engine.claim import claim
from webhooks_app.engine.patience import HASTY, Patience
from webhooks_app.engine.queueing import push
from webhooks_app.engine.record import record
from webhooks_app.engine.sending import Sending
from webhooks_app.engine.stragglers import LeftBatch
from webhooks_app.engine.unbegun import give_back

GROUP = 50  # results recorded in one transaction
GROUP_SECONDS = 0.050
MOST_LEFT_BEHIND = 500  # sends that jobs may leave to the stragglers before the next one must wait


def deliver_batch(engine: Engine, delivery_ids: Sequence[str], *, patience: Patience = HASTY) -> None:
    """Make the next attempt of each of these deliveries that may be sent now.

    Returns when all are recorded or given back, or its patience is over: the stragglers keep what comes after that.
    """
    engine.stragglers.wait_for_room(MOST_LEFT_BEHIND)  # before the claim: a lease is not there to wait in
    left = _submit(engine, delivery_ids, patience=patience)
    if left is None:
        return
    is_over = False
    try:
        is_over = _see_through(engine, left, patience=patience)
    finally:
        # Also when the job was interrupted (its timeout, a database that is away): others may still be in flight.
        if not is_over:
            engine.stragglers.leave(left)


def _submit(engine: Engine, delivery_ids: Sequence[str], *, patience: Patience) -> LeftBatch[Sending] | None:
    """Claim them and have them sent; None if there is nothing to send."""
    claimed = claim(engine, delivery_ids, begins=not patience.begins_late)
    if not claimed:
        return None
    now = engine.clock()
    lease = claimed[0].lease_until - now  # it is one for all of a claim
    sendings = [Sending(engine, one, claimed_at=now, is_begun=not patience.begins_late) for one in claimed]
    return LeftBatch(
        batch=engine.sender.submit(sendings),
        record=_record,
        give_back=_return_unsent,
        begin_seconds=patience.begin_seconds,
        lease_ends=time.monotonic() + lease.total_seconds(),
    )


def _see_through(engine: Engine, left: LeftBatch[Sending], *, patience: Patience) -> bool:
    """Keep what ends, group by group; False when patience is over, or the process shall stop."""
    ended_at = time.monotonic()
    while not left.batch.is_over:
        if engine.stragglers.is_hurried:
            return False
        if _keep_finished(left, patience=patience):
            ended_at = time.monotonic()
        elif time.monotonic() - ended_at >= patience.seconds or _is_left_with_the_slow(left, patience):
            return False
        elif left.batch.stands_still(left.begin_seconds):
            left.batch.take_back()
        _keep_unsent(left)
    return True


def _keep_finished(left: LeftBatch[Sending], *, patience: Patience) -> bool:
    """Wait for a group, or as long as a group may wait, and record what has ended; whether anything had."""
    finished = left.batch.finished(
        at_least=GROUP, seconds=min(GROUP_SECONDS, patience.seconds), hasty=patience.is_hasty
    )
    if not finished:
        return False
    left.record(finished)
    left.batch.kept(finished)
    return True


def _is_left_with_the_slow(left: LeftBatch[Sending], patience: Patience) -> bool:
    return patience.is_hasty and not left.batch.is_awaited


def _keep_unsent(left: LeftBatch[Sending]) -> None:
    """Give back what was taken back, or was refused as it was about to begin."""
    unsent = left.batch.unsent()
    if unsent:
        left.give_back(unsent)
        left.batch.kept(unsent)


def _record(attempts: Sequence[Sending]) -> None:
    # A process has one engine: what it recorded with is the same for all of its batches.
    record(attempts[0].engine, [attempt.finished() for attempt in attempts])


def _return_unsent(attempts: Sequence[Sending]) -> None:
    """What could not begin goes back to the database, and as a rule to the queue whose worker waits longer."""
    for slow in (True, False):
        some = [attempt for attempt in attempts if _is_for_the_slow(attempt) is slow]
        if some:
            engine = some[0].engine
            push(engine, give_back(engine, [attempt.claimed for attempt in some], slow=slow), slow=slow)


def _is_for_the_slow(attempt: Sending) -> bool:
    """Not what was refused, which says nothing of its listener; nor what a process that stops never came to."""
    return not (attempt.was_refused or attempt.engine.stragglers.is_hurried)
