"""What makes time pass? A small process that sweeps every second, guarded by a lease in the database.

RQ's own schedulers lose time or jobs when they are killed; a second clock here only waits for its turn.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType

from webhooks_app.engine import Engine, skew
from webhooks_app.engine.leader import is_leader, resign
from webhooks_app.engine.retention import prune
from webhooks_app.engine.sweep import sweep

log = logging.getLogger("webhooks_app.clock")

PERIOD_SECONDS = 1.0
LEASE_NAME = "clock"
DRAIN_SECONDS = 20.0

PRUNING_LEASE_NAME = "retention"
FIRST_PRUNING_SECONDS = 60.0  # after the start, when there are more urgent things to do
PRUNING_PERIOD_SECONDS = 3600.0


def run_clock(engine: Engine, *, period_seconds: float = PERIOD_SECONDS) -> None:
    """Sweep every `period_seconds` until SIGTERM or SIGINT."""
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    skew.warn(engine)
    # In a thread of its own: there may be much to delete, and the sweep must not wait for it.
    pruning = threading.Thread(
        target=_prune_now_and_then, args=(engine, stop), name="webhooks-retention", daemon=True
    )
    pruning.start()
    while not stop.is_set():
        began = time.monotonic()
        tick(engine)
        stop.wait(max(0.0, period_seconds - (time.monotonic() - began)))
    engine.stragglers.drain(seconds=DRAIN_SECONDS)
    pruning.join(DRAIN_SECONDS)
    resign(engine, LEASE_NAME)


def tick(engine: Engine) -> None:
    """One sweep, if it is this clock's turn. What fails, as when the database is away, is tried again with the next."""
    try:
        if is_leader(engine, LEASE_NAME):
            sweep(engine)
    except Exception:  # whatever it is: without a clock nothing would ever be tried again
        log.exception("The sweep could not be done; it is tried again in a moment.")


def _prune_now_and_then(engine: Engine, stop: threading.Event) -> None:
    seconds = FIRST_PRUNING_SECONDS
    while not stop.wait(seconds):
        prune_once(engine, stop)
        seconds = PRUNING_PERIOD_SECONDS


def prune_once(engine: Engine, stop: threading.Event) -> None:
    """Delete what is old, if it is this clock's turn, until it is asked to stop. What fails is tried again later."""

    def goes_on() -> bool:
        return not stop.is_set() and is_leader(engine, PRUNING_LEASE_NAME)

    try:
        if goes_on():
            pruned = prune(engine, goes_on=goes_on)
            log.info(
                "Deleted %d deliveries, %d events and the content of %d attempts that were old enough.",
                pruned.deliveries,
                pruned.events,
                pruned.bodies,
            )
            resign(engine, PRUNING_LEASE_NAME)
    except Exception:  # whatever it is: the next time may do better, and the clock goes on
        log.exception("What is old could not be deleted; it is tried again in an hour.")
