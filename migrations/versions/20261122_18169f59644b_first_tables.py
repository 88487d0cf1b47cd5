"""What is kept at first: listeners, events and their way, people and their keys, the built-in receiver."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "18169f59644b"
down_revision = None
branch_labels = None
depends_on = None

# Ids are compared as bytes: a locale's rules would only slow their indexes.
ROW_ID = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")

UNDISPATCHED = sa.text("dispatched_at IS NULL")
WAITING = sa.text("status IN ('pending', 'retrying')")
SENDING = sa.text("status = 'sending'")
UNSENT = sa.text("status IN ('pending', 'retrying', 'held')")
ENDED_BADLY = sa.text("status IN ('failed', 'held', 'cancelled')")


def upgrade() -> None:
    op.create_table(
        "webhooks_api_tokens",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_webhooks_api_tokens_token_hash")),
    )
    op.create_table(
        "webhooks_audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("object_type", sa.String(length=20), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_audit")),
    )
    op.create_index("ix_webhooks_audit_newest", "webhooks_audit", ["at", "id"])
    op.create_table(
        "webhooks_echo_boxes",
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_webhooks_echo_boxes")),
    )
    op.create_table(
        "webhooks_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hook", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("sender", sa.String(length=200), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_events")),
    )
    op.create_index("ix_webhooks_events_hook", "webhooks_events", ["hook", "created_at", "id"])
    op.create_index("ix_webhooks_events_newest", "webhooks_events", ["created_at", "id"])
    _index_some("ix_webhooks_events_undispatched", "webhooks_events", ["created_at"], where=UNDISPATCHED)
    op.create_table(
        "webhooks_hook_problems",
        sa.Column("hook", sa.String(length=128), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hook", name=op.f("pk_webhooks_hook_problems")),
    )
    op.create_table(
        "webhooks_idempotency",
        sa.Column("token_id", ROW_ID, nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "route", "key", name=op.f("pk_webhooks_idempotency")),
    )
    op.create_index("ix_webhooks_idempotency_expires", "webhooks_idempotency", ["expires_at"])
    op.create_table(
        "webhooks_leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_webhooks_leases")),
    )
    op.create_table(
        "webhooks_listeners",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hook", sa.String(length=128), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("state_since", sa.BigInteger(), nullable=False),
        sa.Column("timeout_seconds", sa.Double(), nullable=True),
        sa.Column("retry_schedule", sa.Text(), nullable=True),
        sa.Column("rate_limit_per_second", sa.Double(), nullable=True),
        sa.Column("next_send_at", sa.BigInteger(), nullable=True),
        sa.Column("sends_in_flight", sa.Integer(), nullable=True),
        sa.Column("body_format", sa.String(length=12), nullable=False),
        sa.Column("headers_sealed", sa.Text(), nullable=True),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("code_key", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_listeners")),
        sa.UniqueConstraint("code_key", name=op.f("uq_webhooks_listeners_code_key")),
    )
    op.create_index("ix_webhooks_listeners_hook", "webhooks_listeners", ["hook", "state"])
    op.create_table(
        "webhooks_users",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_users")),
        sa.UniqueConstraint("email", name=op.f("uq_webhooks_users_email")),
    )
    op.create_table(
        "webhooks_deliveries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("event_id", ROW_ID, nullable=False),
        sa.Column("listener_id", ROW_ID, nullable=False),
        sa.Column("hook", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", ROW_ID, nullable=True),
        sa.Column("lease_owner", sa.String(length=100), nullable=True),
        sa.Column("leased_at", sa.BigInteger(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("replay_of", ROW_ID, nullable=True),
        sa.Column("replay_no", sa.Integer(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("last_status_code", sa.Integer(), nullable=True),
        sa.Column("last_error_class", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(status = 'sending') = (lease_token IS NOT NULL)", name=op.f("ck_webhooks_deliveries_lease")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["webhooks_events.id"], name=op.f("fk_webhooks_deliveries_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["listener_id"], ["webhooks_listeners.id"], name=op.f("fk_webhooks_deliveries_listener_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_deliveries")),
        sa.UniqueConstraint(
            "event_id",
            "listener_id",
            "replay_no",
            name=op.f("uq_webhooks_deliveries_event_id_listener_id_replay_no"),
        ),
    )
    _index_some("ix_webhooks_deliveries_due", "webhooks_deliveries", ["due_at"], where=WAITING)
    _index_some(
        "ix_webhooks_deliveries_ended_badly",
        "webhooks_deliveries",
        ["status", "created_at", "id"],
        where=ENDED_BADLY,
    )
    op.create_index("ix_webhooks_deliveries_hook", "webhooks_deliveries", ["hook", "created_at", "id"])
    _index_some("ix_webhooks_deliveries_lease", "webhooks_deliveries", ["lease_until"], where=SENDING)
    op.create_index(
        "ix_webhooks_deliveries_listener", "webhooks_deliveries", ["listener_id", "created_at", "id"]
    )
    op.create_index("ix_webhooks_deliveries_newest", "webhooks_deliveries", ["created_at", "id"])
    _index_some(
        "ix_webhooks_deliveries_unsent", "webhooks_deliveries", ["listener_id", "status"], where=UNSENT
    )
    op.create_table(
        "webhooks_echo_requests",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["token"],
            ["webhooks_echo_boxes.token"],
            name=op.f("fk_webhooks_echo_requests_token"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_echo_requests")),
    )
    op.create_index("ix_webhooks_echo_requests_box", "webhooks_echo_requests", ["token", "received_at"])
    op.create_table(
        "webhooks_secrets",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("listener_id", ROW_ID, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["listener_id"],
            ["webhooks_listeners.id"],
            name=op.f("fk_webhooks_secrets_listener_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_secrets")),
    )
    op.create_index("ix_webhooks_secrets_listener", "webhooks_secrets", ["listener_id"])
    op.create_table(
        "webhooks_sign_in_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", ROW_ID, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["webhooks_users.id"],
            name=op.f("fk_webhooks_sign_in_links_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_webhooks_sign_in_links")),
    )
    op.create_table(
        "webhooks_attempts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error_class", sa.String(length=20), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("timings", sa.Text(), nullable=True),
        sa.Column("request_headers", sa.Text(), nullable=True),
        sa.Column("body_format", sa.String(length=12), nullable=False),
        sa.Column("response_headers", sa.Text(), nullable=True),
        sa.Column("response_body", sa.LargeBinary(), nullable=True),
        sa.Column("truncated", sa.String(length=8), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhooks_deliveries.id"],
            name=op.f("fk_webhooks_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_attempts")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_webhooks_attempts_delivery_id_number")),
    )
    op.create_index("ix_webhooks_attempts_started", "webhooks_attempts", ["started_at"])


def downgrade() -> None:
    names = (
        "attempts sign_in_links secrets echo_requests deliveries users listeners "
        "leases idempotency hook_problems events echo_boxes audit api_tokens"
    )
    for name in names.split():
        op.drop_table(f"webhooks_{name}")


def _index_some(name: str, table: str, columns: list[str], *, where: sa.TextClause) -> None:
    """An index of those rows alone that are asked for."""
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
