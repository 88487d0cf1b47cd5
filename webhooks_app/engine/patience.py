"""How long does a job wait for its batch: for what is in flight, and for what has yet to begin?"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """After `seconds` without progress the job ends; once nothing begins for `begin_seconds`, the rest goes back."""

    seconds: float
    begin_seconds: float
    is_hasty: bool = False  # it waits for nothing that was submitted to a listener that is slow already
    begins_late: bool = False  # its batch waits in lanes, so each send says when it begins


HASTY = Patience(0.020, 0.250, is_hasty=True)
# The worker for slow listeners. If it waited for each hung send to end, whatever else came into its queue (on a
# machine that stalled, that of healthy listeners too) would wait as long, job after job.
SLOW = Patience(1.0, 20.0, begins_late=True)
# The sweep while there is no queue, and so nobody to give the rest to: receivers a little away, which a worker leaves
# to the one for slow listeners as soon as they are many, are worth some seconds.
INLINE = Patience(0.020, 5.0, is_hasty=True)
# A synchronous hook and a command line return only when everything is recorded.
ENDLESS = Patience(math.inf, 20.0)
