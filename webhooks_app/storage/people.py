"""What is kept about people and programs: users, one-time links, API tokens, what they did, what they sent twice."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_app.storage.base import Base
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.types import RowId


class Role(StrEnum):
    """What a user may do; each includes the one before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a token may do; each includes the one before."""

    READ = "read"
    PUBLISH = "publish"
    WRITE = "write"


class User(Base):
    """Someone who signs in. Raising `session_version` signs out every browser of theirs."""

    __tablename__ = "webhooks_users"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)  # in lower case
    password_hash: Mapped[str | None] = mapped_column(sa.Text)
    role: Mapped[str] = mapped_column(sa.String(10), default=Role.VIEWER)
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]

    # What Flask-Login asks of a user. The version in the id makes an old cookie a stranger's.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the session cookie holds: the id and the session version."""
        return f"{self.id}.{self.session_version}"

    def may(self, role: str) -> bool:
        """Whether this user's role includes `role`."""
        order = list(Role)
        return order.index(Role(self.role)) >= order.index(Role(role))


class SignInLink(Base):
    """A link that signs in once, within 15 minutes. Only its hash is kept."""

    __tablename__ = "webhooks_sign_in_links"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(RowId, sa.ForeignKey("webhooks_users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A key for programs. Only its hash is kept; the token is shown once."""

    __tablename__ = "webhooks_api_tokens"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(200))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    last_four: Mapped[str] = mapped_column(sa.String(4))
    scope: Mapped[str] = mapped_column(sa.String(10), default=Scope.READ)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who changed what, from what to what. Rows are only added."""

    __tablename__ = "webhooks_audit"

    id: Mapped[str] = mapped_column(RowId, primary_key=True, default=new_id)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(sa.String(254))  # an e-mail, "token <name>", "code" or "command line"
    act: Mapped[str] = mapped_column(sa.String(40))
    object_type: Mapped[str] = mapped_column(sa.String(20))
    object_id: Mapped[str] = mapped_column(sa.String(200))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    request_id: Mapped[str | None] = mapped_column(sa.String(40))

    __table_args__ = (sa.Index("ix_webhooks_audit_newest", "at", "id"),)


class Idempotency(Base):
    """One `Idempotency-Key`: what was asked with it and what was answered (kept 24 h)."""

    __tablename__ = "webhooks_idempotency"

    token_id: Mapped[str] = mapped_column(RowId, primary_key=True)
    route: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    body_hash: Mapped[str] = mapped_column(sa.String(64))
    answer: Mapped[dict[str, Any] | None]  # None while the first request is in flight
    expires_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_webhooks_idempotency_expires", "expires_at"),)
