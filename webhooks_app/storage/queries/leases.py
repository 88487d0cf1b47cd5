"""Who holds what only one process may do? The leases, with the moment they end."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Lease


def holder(session: Session, name: str) -> Lease | None:
    """The lease of this name, ended or not; None if nobody ever took it or the last one gave it back."""
    return session.scalar(sa.select(Lease).where(Lease.name == name))
