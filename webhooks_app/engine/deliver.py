"""The story of an attempt: claim a batch, send, decide, record.

No transaction is open while sending. What has not ended after 20 ms without progress is left to the
stragglers, who record it later; what could not even begin in time is given back to the database and goes
to the queue for slow listeners. A crash in between is covered by the lease.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from webhooks_app.engine import Engine
from webhooks_app.engine.claim import claim
from webhooks_app.engine.queueing import push
from webhooks_app.engine.record import record
from webhooks_app.engine.sending import Sending
from webhooks_app.engine.stragglers import LeftBatch
from webhooks_app.engine.unbegun import give_back

GROUP = 50  # results recorded in one transaction
GROUP_SECONDS = 0.050
PATIENCE_SECONDS = 0.020  # a job ends after so long without progress
# … in the worker for slow listeners. If it waited for each hung send to end, whatever else came into its queue (on a
# machine that stalled, that of healthy listeners too) would wait as long, job after job.
SLOW_PATIENCE_SECONDS = 1.0
BEGIN_SECONDS = 0.250  # when nothing of a batch has begun for so long, what is left of it is given back
PATIENT_BEGIN_SECONDS = 20.0  # … in the worker for slow listeners
MOST_LEFT_BEHIND = 500  # sends that jobs may leave to the stragglers before the next one must wait


def deliver_batch(
    engine: Engine, delivery_ids: Sequence[str], *, slow: bool = False, patient: bool = False
) -> None:
    """Make the next attempt of each of these deliveries that may be sent now.

    `slow`: this is the worker for slow listeners, which waits longer for what is late. `patient`: return only
    when everything is recorded, as a synchronous hook and a command line need it.
    """
    engine.stragglers.wait_for_room(MOST_LEFT_BEHIND)  # before the claim: a lease is not there to wait in
    claimed = claim(engine, delivery_ids, begins=not slow)
    if not claimed:
        return
    patience = math.inf if patient else SLOW_PATIENCE_SECONDS if slow else PATIENCE_SECONDS
    now = engine.clock()
    lease = claimed[0].lease_until - now  # it is one for all of a claim
    keep = LeftBatch(
        batch=engine.sender.submit(
            [Sending(engine, one, claimed_at=now, is_begun=not slow) for one in claimed]
        ),
        record=_record,
        give_back=_return_unsent,
        begin_seconds=PATIENT_BEGIN_SECONDS if slow or patient else BEGIN_SECONDS,
        lease_ends=time.monotonic() + lease.total_seconds(),
    )
    is_over = False
    try:
        is_over = _see_through(engine, keep, patience=patience)
    finally:
        # Also when the job was interrupted (its timeout, a database that is away): others may still be in flight.
        if not is_over:
            engine.stragglers.leave(keep)


def _see_through(engine: Engine, left: LeftBatch[Sending], *, patience: float) -> bool:
    """Record what ends, group by group; False when nothing ended for so many seconds, or the process shall stop."""
    ended_at, is_hasty = time.monotonic(), patience == PATIENCE_SECONDS
    while not left.batch.is_over:
        if engine.stragglers.is_hurried:
            return False
        finished = left.batch.finished(at_least=GROUP, seconds=min(GROUP_SECONDS, patience), hasty=is_hasty)
        if finished:
            left.record(finished)
            left.batch.kept(finished)
            ended_at = time.monotonic()
        elif time.monotonic() - ended_at >= patience or (is_hasty and not left.batch.is_awaited):
            return False
        elif left.batch.stands_still(left.begin_seconds):
            left.batch.take_back()
        unsent = left.batch.unsent()
        if unsent:
            left.give_back(unsent)
            left.batch.kept(unsent)
    return True


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
