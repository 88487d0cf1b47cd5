"""What if the database is busy, restarts, or ends a deadlock at our cost? The same transaction is tried again.

Only for a step that leaves nothing behind when it fails: one transaction, rolled back as a whole.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

log = logging.getLogger("webhooks_app.database")

MOST_TRIES = 4
# What passes: a lock, a restart, a connection that broke, a server that is just becoming the standby of another.
PASSING = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError)
_PAUSE_SECONDS = 0.1

T = TypeVar("T")


def tried_again(transaction: Callable[[], T]) -> T:
    """What the transaction gives; up to three more tries. Raises its last error."""
    for number in range(1, MOST_TRIES):
        try:
            return transaction()
        except PASSING as error:
            log.warning("The database did not take a transaction (%s); it is tried again.", error.orig)
            # Of two that lost to each other, one should come back first.
            time.sleep(number * _PAUSE_SECONDS * random.random())  # nosec B311 # jitter, not a secret
    return transaction()
