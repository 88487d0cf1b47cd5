"""What is kept by the built-in receiver: its boxes and the last requests that came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_app.storage.base import Base
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.types import RowId


class EchoBox(Base):
    """One address of the built-in receiver. Its token is the address, and cannot be guessed."""

    __tablename__ = "webhooks_echo_boxes"

    token: Mapped[str] = mapped_column(sa.String(43), primary_key=True)
    answer: Mapped[str] = mapped_column(sa.String(10), default="200")  # "200" "500" "429" "410" or "slow"
    created_at: Mapped[datetime]


class EchoRequest(Base):
    """One request that a box received, with the verdict on its signature."""

    __tablename__ = "webhooks_echo_requests"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    token: Mapped[str] = mapped_column(
        sa.String(43), sa.ForeignKey("webhooks_echo_boxes.token", ondelete="CASCADE")
    )
    received_at: Mapped[datetime]
    headers: Mapped[list[Any]]
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    answered: Mapped[int]
    verdict: Mapped[str] = mapped_column(sa.String(200))  # "verified", or the reason why not

    __table_args__ = (sa.Index("ix_webhooks_echo_requests_box", "token", "received_at"),)
