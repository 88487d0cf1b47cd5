"""What did the version before write? Rows with the columns that its tables had, and no others.

The tables are looked up as they stand, so that after an upgrade the same rows say what an old worker goes on writing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.faults.oracle import SECRETS
from webhooks_app.engine.sealing import Seal
from webhooks_app.engine.signing import fingerprint
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Delivery, Event, Listener, Secret

_KINDS = (Listener, Secret, Event, Delivery)


class OldTables:
    """The tables of a database as they are just now. `now` is when its rows were written."""

    def __init__(self, engine: sa.Engine, seal: Seal) -> None:
        self._engine, self._seal = engine, seal
        self._tables = {kind: _table(engine, kind) for kind in _KINDS}
        self.now = datetime.now(UTC)

    def columns(self, kind: type) -> set[str]:
        """The names of the columns that it has."""
        return {column.name for column in self._tables[kind].columns}

    def listener(self, hook: str, url: str) -> str:
        """An active listener with one secret; its id."""
        listener_id, secret = new_id(), SECRETS[0]
        self._write(Listener, {
            "id": listener_id, "hook": hook, "url": url, "name": url[:200], "filter": {}, "state": "active",
            "state_reason": "", "state_since": self.now, "body_format": "plain", "config": {}, "version": 1,
            "created_at": self.now, "updated_at": self.now,
        })  # fmt: skip
        self._write(Secret, {
            "id": new_id(), "listener_id": listener_id, "last_four": secret[-4:], "created_at": self.now,
            "sealed": self._seal.seal(secret, owner=listener_id, field="secret"), "fingerprint": fingerprint(secret),
        })  # fmt: skip
        return listener_id

    def event(self, hook: str, *, dispatched: bool = False) -> str:
        """An event; its id."""
        event_id = new_id()
        self._write(Event, {
            "id": event_id, "hook": hook, "body": '{"n":1,"text":"before"}', "sender": "", "test": False,
            "created_at": self.now, "dispatched_at": self.now if dispatched else None,
        })  # fmt: skip
        return event_id

    def delivery(self, hook: str, event_id: str, listener_id: str) -> None:
        """A delivery that waits."""
        self._write(Delivery, {
            "id": new_id(), "event_id": event_id, "listener_id": listener_id, "hook": hook, "status": "pending",
            "reason": "", "due_at": self.now, "queued_at": self.now, "attempt_count": 0, "tries": 0, "alone": False,
            "crashes": 0, "replay_no": 0, "test": False, "created_at": self.now,
        })  # fmt: skip

    def _write(self, kind: type, row: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.insert(self._tables[kind]), row)


def _table(engine: sa.Engine, kind: Any) -> sa.TableClause:
    there = {column["name"] for column in sa.inspect(engine).get_columns(kind.__tablename__)}
    columns = [sa.column(one.name, one.type) for one in kind.__table__.columns if one.name in there]
    return sa.table(kind.__tablename__, *columns)
