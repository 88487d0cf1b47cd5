"""What is kept about events and their way: listeners, events, deliveries, attempts.

Tables are named `webhooks_*` and stand on a base of their own, so that they live beside the tables of
an application that embeds this package. People and their keys are in `people`, the built-in receiver's
boxes in `echo`, listeners in trouble in `health`, what the engine notes for itself in `upkeep`; importing this module
makes all of them known to `Base.metadata`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from webhooks_app.access_key import EVERY_EVENT, stored_key
from webhooks_app.errors import SecretUnavailable
from webhooks_app.storage import echo, health, people  # noqa: F401 (their tables belong to the same metadata)
from webhooks_app.storage.base import Base
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.types import Bytewise, RowId
from webhooks_app.storage.upkeep import HookProblem as HookProblem
from webhooks_app.storage.upkeep import Lease as Lease


class State(StrEnum):
    """What a listener is doing."""

    ACTIVE = "active"
    PAUSED = "paused"
    FAILING = "failing"
    DISABLED = "disabled"


class Status(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


WAITING = (Status.PENDING, Status.RETRYING)  # what may be claimed
UNSENT = (*WAITING, Status.HELD)  # what is sent yet, if its listener lets it
# Of a listener, that the bodies of its answers are not to be kept; of an attempt, that this is why it has none.
DISCARD = "discard"
# The classes of attempts that may have nothing to show of what was sent.
WITHOUT_CONTENT = ("worker_lost", "superseded", "internal")
FINAL = (Status.DELIVERED, Status.FAILED, Status.CANCELLED)


_IS_KEPT = sa.text("deleted_at IS NULL")


class Listener(Base):
    """A URL that wants a hook's events, with a filter and delivery settings."""

    __tablename__ = "webhooks_listeners"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    hook: Mapped[str] = mapped_column(sa.String(128))
    url: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.String(200))
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as Filter.to_json() gives it
    access_key: Mapped[str] = mapped_column(Bytewise, server_default=EVERY_EVENT)  # of its filter
    state: Mapped[str] = mapped_column(sa.String(10), default=State.ACTIVE)
    state_reason: Mapped[str] = mapped_column(sa.Text, default="")
    state_since: Mapped[datetime]
    # Delivery settings; None means: as the hook or the settings say.
    timeout_seconds: Mapped[float | None]
    retry_schedule: Mapped[str | None] = mapped_column(sa.Text)
    rate_limit_per_second: Mapped[float | None]
    next_send_at: Mapped[datetime | None]  # how far the rate is used up
    sends_in_flight: Mapped[int | None]
    body_format: Mapped[str] = mapped_column(sa.String(12), default="plain")
    answer_bodies: Mapped[str] = mapped_column(sa.String(8), default="keep", server_default="keep")
    headers_sealed: Mapped[str | None] = mapped_column(sa.Text)  # JSON of its own headers, encrypted
    public_headers: Mapped[list[Any]] = mapped_column(
        default=list, server_default="[]"
    )  # names of those shown
    trusted_ca: Mapped[str | None] = mapped_column(sa.Text)  # PEM, in place of the public authorities
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Set for listeners that code saved: one row a hook, URL and filter, however many processes start at once.
    code_key: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    secrets: Mapped[list[Secret]] = relationship(
        back_populates="listener", order_by="Secret.created_at.desc()", lazy="raise"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy reads it from the class)
    __table_args__ = (
        # The only one that begins with the hook: PostgreSQL took another for as good until it had counted the rows.
        sa.Index(
            "ix_webhooks_listeners_access_key", "hook", "access_key",
            sqlite_where=_IS_KEPT, postgresql_where=_IS_KEPT,
        ),
    )  # fmt: skip

    @validates("filter")
    def _keep_findable(self, _column: str, conditions: dict[str, Any]) -> dict[str, Any]:
        # Here, so that no way to write a filter can leave the key of another one behind.
        self.access_key = stored_key(conditions)
        return conditions

    @property
    def secret(self) -> str:
        """The signing secret, where the listener was just made or the secret given; SecretUnavailable else."""
        found: str | None = self.__dict__.get("_secret_in_clear")
        if found is None:
            raise SecretUnavailable("A listener's secret is shown once. Rotate it to get a new one.")
        return found

    @secret.setter
    def secret(self, secret: str) -> None:
        self.__dict__["_secret_in_clear"] = secret


class Secret(Base):
    """A signing secret of a listener, encrypted. While one turns, the old one signs too until it expires."""

    __tablename__ = "webhooks_secrets"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    listener_id: Mapped[str] = mapped_column(
        RowId, sa.ForeignKey("webhooks_listeners.id", ondelete="CASCADE")
    )
    sealed: Mapped[str] = mapped_column(sa.Text)
    last_four: Mapped[str] = mapped_column(sa.String(4))
    fingerprint: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    listener: Mapped[Listener] = relationship(back_populates="secrets", lazy="raise")

    __table_args__ = (sa.Index("ix_webhooks_secrets_listener", "listener_id"),)


class Event(Base):
    """One occurrence of a hook. `body` holds the very bytes that are signed and sent."""

    __tablename__ = "webhooks_events"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    hook: Mapped[str] = mapped_column(sa.String(128))
    body: Mapped[str] = mapped_column(sa.Text)
    changes: Mapped[dict[str, Any] | None]
    sender: Mapped[str] = mapped_column(sa.String(200), default="")
    test: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]

    deliveries: Mapped[list[Delivery]] = relationship(
        back_populates="event", order_by="Delivery.created_at", lazy="raise"
    )

    __table_args__ = (
        sa.Index("ix_webhooks_events_newest", "created_at", "id"),
        sa.Index("ix_webhooks_events_hook", "hook", "created_at", "id"),
        sa.Index(
            "ix_webhooks_events_undispatched",
            "created_at",
            sqlite_where=sa.text("dispatched_at IS NULL"),
            postgresql_where=sa.text("dispatched_at IS NULL"),
        ),
    )


_IS_WAITING = sa.text("status IN ('pending', 'retrying')")
_IS_SENDING = sa.text("status = 'sending'")
_IS_UNSENT = sa.text("status IN ('pending', 'retrying', 'held')")
_KEEPS_CONTENT = sa.text("request_headers IS NOT NULL")
_ENDED_BADLY = sa.text("status IN ('failed', 'held', 'cancelled')")


class Delivery(Base):
    """One event for one listener, from pending to its end. It carries its own due moment and lease."""

    __tablename__ = "webhooks_deliveries"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    event_id: Mapped[str] = mapped_column(RowId, sa.ForeignKey("webhooks_events.id"))
    listener_id: Mapped[str] = mapped_column(RowId, sa.ForeignKey("webhooks_listeners.id"))
    hook: Mapped[str] = mapped_column(sa.String(128))  # the event's, so that the log filters without a join
    status: Mapped[str] = mapped_column(sa.String(10), default=Status.PENDING)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    due_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    # Which queue that was: the one for slow receivers, or that of all others.
    slow: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(RowId)
    lease_owner: Mapped[str | None] = mapped_column(sa.String(100))
    leased_at: Mapped[datetime | None]
    attempt_count: Mapped[int] = mapped_column(default=0)  # attempts recorded
    # Outcomes; this indexes the schedule, so a crash eats no retry.
    tries: Mapped[int] = mapped_column(default=0)
    alone: Mapped[bool] = mapped_column(default=False)  # goes as a job of one id, after a worker died with it
    crashes: Mapped[int] = mapped_column(default=0)  # workers lost while alone
    # Its next attempt is made, whatever its listener's state.
    by_hand: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    replay_of: Mapped[str | None] = mapped_column(RowId)
    replay_no: Mapped[int] = mapped_column(default=0)
    test: Mapped[bool] = mapped_column(default=False)
    last_status_code: Mapped[int | None]
    last_error_class: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship(back_populates="deliveries", lazy="raise")
    listener: Mapped[Listener] = relationship(lazy="raise")
    attempts: Mapped[list[Attempt]] = relationship(
        back_populates="delivery", order_by="Attempt.number", lazy="raise"
    )

    __table_args__ = (
        sa.UniqueConstraint("event_id", "listener_id", "replay_no"),
        sa.CheckConstraint("(status = 'sending') = (lease_token IS NOT NULL)", name="lease"),
        sa.Index("ix_webhooks_deliveries_newest", "created_at", "id"),
        sa.Index("ix_webhooks_deliveries_listener", "listener_id", "created_at", "id"),
        sa.Index("ix_webhooks_deliveries_hook", "hook", "created_at", "id"),
        sa.Index(
            "ix_webhooks_deliveries_unsent", "listener_id", "status",
            sqlite_where=_IS_UNSENT, postgresql_where=_IS_UNSENT,
        ),
        sa.Index(
            "ix_webhooks_deliveries_due", "due_at", sqlite_where=_IS_WAITING, postgresql_where=_IS_WAITING
        ),
        sa.Index(
            "ix_webhooks_deliveries_slow",
            "queued_at",
            sqlite_where=sa.text(f"slow = 1 AND {_IS_WAITING}"),
            postgresql_where=sa.text(f"slow AND {_IS_WAITING}"),
        ),
        sa.Index(
            "ix_webhooks_deliveries_lease", "lease_until",
            sqlite_where=_IS_SENDING, postgresql_where=_IS_SENDING,
        ),
        sa.Index(
            "ix_webhooks_deliveries_ended_badly", "status", "created_at", "id",
            sqlite_where=_ENDED_BADLY, postgresql_where=_ENDED_BADLY,
        ),
    )  # fmt: skip


class Attempt(Base):
    """One HTTP request of a delivery with its answer; written once it is known, or by the rescue."""

    __tablename__ = "webhooks_attempts"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    delivery_id: Mapped[str] = mapped_column(
        RowId, sa.ForeignKey("webhooks_deliveries.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    started_at: Mapped[datetime]
    duration_ms: Mapped[float | None]
    status_code: Mapped[int | None]
    error_class: Mapped[str | None] = mapped_column(sa.String(20))
    error: Mapped[str | None] = mapped_column(sa.Text)
    url: Mapped[str] = mapped_column(sa.Text, default="")
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    skipped_ips: Mapped[list[Any] | None]  # of the same name, and not public
    timings: Mapped[dict[str, Any] | None]  # Timings as a dict, without what is None
    request_headers: Mapped[list[Any] | None]  # pairs; the listener's own values are hidden, unless public
    body_format: Mapped[str] = mapped_column(sa.String(12), default="plain")
    response_headers: Mapped[list[Any] | None]
    response_body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    truncated: Mapped[str] = mapped_column(sa.String(8), default="")
    worker: Mapped[str | None] = mapped_column(sa.String(100))

    delivery: Mapped[Delivery] = relationship(back_populates="attempts", lazy="raise")

    @property
    def is_cleared(self) -> bool:
        """Whether retention took away what was sent and answered; a lost worker had left nothing."""
        return self.request_headers is None and self.error_class not in WITHOUT_CONTENT

    __table_args__ = (
        sa.UniqueConstraint("delivery_id", "number"),
        sa.Index("ix_webhooks_attempts_started", "started_at"),
        sa.Index(
            "ix_webhooks_attempts_kept",
            "started_at",
            "id",
            sqlite_where=_KEEPS_CONTENT,
            postgresql_where=_KEEPS_CONTENT,
        ),
    )
