"""Where is sealed text kept, of which listener, and does anybody still need it? Signing secrets and headers.

What a cookie keeps for five minutes (web/once.py) is sealed too; it ends before any key does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage.models import Listener, Secret

_LISTENERS = cast("sa.Table", Listener.__table__)
_SECRETS = cast("sa.Table", Secret.__table__)


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed text: what it is to people, and the field for which it is sealed."""

    what: str
    field: str
    column: sa.Column[Any]
    rows: sa.FromClause
    expires_at: sa.ColumnElement[Any]

    @property
    def row_id(self) -> sa.Column[Any]:
        """The id of the row that keeps it."""
        found: sa.Column[Any] = self.column.table.c.id
        return found


@dataclass(frozen=True, slots=True)
class Value:
    """A sealed text, in which row, of which listener; not needed once it has expired or its listener is gone."""

    row_id: str
    listener_id: str
    listener: str  # its name
    sealed: str
    is_needed: bool


SECRETS = Place(
    "signing secret", "secret", _SECRETS.c.sealed, _SECRETS.join(_LISTENERS), _SECRETS.c.expires_at
)
PLACES = (Place("headers", "headers", _LISTENERS.c.headers_sealed, _LISTENERS, sa.null()), SECRETS)


def window(session: Session, place: Place, *, after: str, limit: int, now: datetime) -> list[Value]:
    """The next values of this place by the ids of their rows."""
    query = _values(place, now).where(place.row_id > after).order_by(place.row_id).limit(limit)
    return _read(session, query)


def among(session: Session, place: Place, row_ids: Collection[str], *, now: datetime) -> list[Value]:
    """The values of these rows as they are now; a row that is gone has none."""
    return _read(session, _values(place, now).where(place.row_id.in_(row_ids)))


def newest_secrets(session: Session, *, limit: int, now: datetime) -> list[Value]:
    """Of the signing secrets that were made last, those that a listener needs."""
    # The ids first: a database that joins before it sorts reads every secret for these few.
    row_ids = session.scalars(sa.select(_SECRETS.c.id).order_by(_SECRETS.c.id.desc()).limit(limit)).all()
    return [value for value in among(session, SECRETS, row_ids, now=now) if value.is_needed]


def replace(session: Session, place: Place, value: Value, sealed: str) -> bool:
    """Keep this text instead, if the value is still the one that was read; gives whether it was."""
    statement = (
        sa.update(place.column.table)
        .where(place.row_id == value.row_id, place.column == value.sealed)
        .values({place.column.name: sealed})
    )
    return bool(cast("sa.CursorResult[Any]", session.execute(statement)).rowcount)


def _values(place: Place, now: datetime) -> sa.Select[Any]:
    lives = sa.or_(place.expires_at.is_(None), place.expires_at > now)
    return (
        sa.select(
            place.row_id,
            _LISTENERS.c.id,
            _LISTENERS.c.name,
            place.column,
            (_LISTENERS.c.deleted_at.is_(None) & lives).label("is_needed"),
        )
        .select_from(place.rows)
        .where(place.column.is_not(None))
    )


def _read(session: Session, query: sa.Select[Any]) -> list[Value]:
    return [Value(*row) for row in session.execute(query)]
