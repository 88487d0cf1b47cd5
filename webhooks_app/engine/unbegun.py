"""What becomes of what was claimed and could not begin? It goes back to where it came from, and waits in a queue again.

It leaves no trace: nothing was sent, so there is no attempt to record. Only the holder of the lease may give back.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from webhooks_app.engine import Engine
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.claim import Claimed
from webhooks_app.storage.models import Delivery, Status


def give_back(engine: Engine, claimed: Iterable[Claimed], *, slow: bool = False) -> list[str]:
    """Return deliveries that were claimed and not sent; gives their ids, to be pushed to that queue."""
    tokens: dict[str, list[str]] = {}
    for one in claimed:
        tokens.setdefault(one.token, []).append(one.id)
    return tried_again(lambda: _give_back(engine, tokens, slow=slow))


def _give_back(engine: Engine, tokens: dict[str, list[str]], *, slow: bool) -> list[str]:
    with engine.sessions.begin() as session:
        returned: list[str] = []
        for token, ids in tokens.items():
            back = (
                sa.update(Delivery)
                .where(Delivery.id.in_(ids), Delivery.status == Status.SENDING, Delivery.lease_token == token)
                .values(
                    status=sa.case((Delivery.attempt_count > 0, Status.RETRYING), else_=Status.PENDING),
                    lease_token=None,
                    lease_until=None,
                    queued_at=engine.clock(),
                    slow=slow,
                )
                .returning(Delivery.id)
                .execution_options(synchronize_session=False)
            )
            returned += session.scalars(back)
    return returned
