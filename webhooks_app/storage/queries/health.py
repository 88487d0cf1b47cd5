"""How have listeners in trouble done since their last success?"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.health import ListenerHealth


def since_success(session: Session, listener_ids: Sequence[str]) -> dict[str, ListenerHealth]:
    """The rows of those among these listeners that have failed since; who is well is missing."""
    if not listener_ids:
        return {}
    query = sa.select(ListenerHealth).where(ListenerHealth.listener_id.in_(listener_ids))
    return {row.listener_id: row for row in session.scalars(query)}
