"""Do this host and the database agree what time it is?

Due moments and leases go by the hosts' clocks. Hosts cannot ask each other, but each can ask the database: one whose
clock is ahead takes deliveries from workers that are alive, one that is behind sends late. SQLite has no clock of
its own: whoever opens it is on the same host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine
from webhooks_app.storage.queries import system as queries

log = logging.getLogger("webhooks_app.skew")

MOST = timedelta(seconds=5)
SKEWED = (
    "The clock of this host is {seconds} s {way} the database's. Until they agree, deliveries go out late or a second "
    "time: let both follow a time server (NTP)."
)


def warn(engine: Engine) -> None:
    """Log it where a process starts. A database that is away just then leaves it to the next start."""
    try:
        with engine.readings() as session:
            queries.ask_nothing(session)  # so that no connection is made while we measure
            said = sentence(session, clock=engine.clock)
    except (sa.exc.DBAPIError, sa.exc.TimeoutError):
        log.info("The database's clock could not be asked.")
        return
    if said:
        log.warning(said)


def sentence(session: Session, *, clock: Callable[[], datetime]) -> str:
    """What a person is to be told; "" while the clocks agree."""
    before = clock()
    theirs = queries.moment(session)
    if theirs is None:
        return ""
    ahead = skew(before, theirs, clock())
    if not ahead:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return SKEWED.format(seconds=round(abs(ahead).total_seconds()), way=way)


def skew(before: datetime, theirs: datetime, after: datetime) -> timedelta | None:
    """How far we are ahead of a clock that was read between these two moments of ours; None if not surely too far.

    It was read half-way, more or less: what half of the way there and back may explain is no alarm. Pure.
    """
    half = (after - before) / 2
    ahead = before + half - theirs
    return ahead if abs(ahead) - half > MOST else None
