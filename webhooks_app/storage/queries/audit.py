"""Which people and acts does the audit log know? For the selects that narrow it; its rows are in `people`."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.people import AuditEntry

MOST = 200  # a select that is longer helps nobody


def actors(session: Session) -> Sequence[str]:
    """Everyone who did something, by name."""
    return session.scalars(
        sa.select(AuditEntry.actor).distinct().order_by(AuditEntry.actor).limit(MOST)
    ).all()


def acts(session: Session) -> Sequence[str]:
    """Everything that was done, by name."""
    return session.scalars(sa.select(AuditEntry.act).distinct().order_by(AuditEntry.act).limit(MOST)).all()
