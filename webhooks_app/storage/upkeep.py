"""What does the engine note for itself? What kept a hook from sending, and who does a thing alone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_app.storage.base import Base


class HookProblem(Base):
    """The last thing that kept a Model- or SignalHook from sending, and how often that happened."""

    __tablename__ = "webhooks_hook_problems"

    hook: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(sa.Text)
    last_at: Mapped[datetime]


class Lease(Base):
    """Who does a thing that only one process should do, and until when."""

    __tablename__ = "webhooks_leases"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(sa.String(100))
    until: Mapped[datetime]
