"""What is kept about listeners in trouble: the attempts in a row that failed, and the probes since then.

A listener whose last attempt succeeded has no row (but while its backlog is let go), so that this table stays small
and looking into it is cheap.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_app.storage.base import Base
from webhooks_app.storage.types import RowId


class ListenerHealth(Base):
    """How a listener has done since its last success; engine.ladder says what follows from it."""

    __tablename__ = "webhooks_health"

    # No foreign key: who records outcomes holds deliveries, and must not wait for a listener that somebody changes.
    listener_id: Mapped[str] = mapped_column(RowId, primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)  # failed attempts in a row
    deliveries: Mapped[list[Any]] = mapped_column(default=list)  # ids of the first few that they were of
    first_failure_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(sa.Text, default="")
    warned_at: Mapped[datetime | None]
    is_gone: Mapped[bool] = mapped_column(default=False)  # it answered 410, and is to be disabled
    is_failing: Mapped[bool] = mapped_column(default=False)
    has_succeeded: Mapped[bool] = mapped_column(default=False)  # while failing: it is to be active again
    probes: Mapped[int] = mapped_column(default=0)  # that failed
    probe_id: Mapped[str | None] = mapped_column(
        RowId
    )  # the delivery that goes although the listener is failing
    probe_at: Mapped[datetime | None]  # the next probe; while one is under way, when it counts as lost
    backlog_at: Mapped[datetime | None]  # when more of its deliveries are held, or let go, as its state says
    look_at: Mapped[datetime | None]  # when the sweep looks at it next

    __table_args__ = (sa.Index("ix_webhooks_health_look", "look_at"),)
