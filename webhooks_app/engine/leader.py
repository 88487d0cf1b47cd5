"""Which of several processes does a thing that one should do? The one that holds its lease in the database."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.storage.models import Lease

LEASE = timedelta(seconds=5)
RENEW_BELOW = timedelta(seconds=3)


def is_leader(engine: Engine, name: str) -> bool:
    """Whether this process does the thing called `name` for the next moments; takes or renews the lease."""
    now, me = engine.clock(), engine.worker_name
    with engine.readings() as session:
        lease = session.get(Lease, name)
    # A lease that ends later than any could was written by a clock that was ahead: it binds nobody.
    if lease is not None and now < lease.until <= now + LEASE:
        if lease.owner != me:
            return False
        if lease.until - now > RENEW_BELOW:
            return True
    try:
        return _take(engine, name)
    except sa.exc.IntegrityError:
        return False  # two of them found no lease, and the other one was faster


def resign(engine: Engine, name: str) -> None:
    """Let another process take over at once."""
    with engine.sessions.begin() as session:
        session.execute(sa.delete(Lease).where(Lease.name == name, Lease.owner == engine.worker_name))


def _take(engine: Engine, name: str) -> bool:
    now, me = engine.clock(), engine.worker_name
    with engine.sessions.begin() as session:
        taken = session.execute(
            sa.update(Lease)
            .where(
                Lease.name == name,
                sa.or_(Lease.owner == me, Lease.until <= now, Lease.until > now + LEASE),
            )
            .values(owner=me, until=now + LEASE)
            .returning(Lease.name)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is None and session.get(Lease, name) is None:
            session.add(Lease(name=name, owner=me, until=now + LEASE))
            return True
    return taken is not None
