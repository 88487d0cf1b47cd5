"""How are moments, JSON and ids written into columns, alike on SQLite and PostgreSQL?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)
_as_json = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make an encoder for each value


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment."""
    return (moment - EPOCH) // _ONE_MS


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC moment of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=milliseconds)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment, kept as milliseconds since 1970.

    A number compares, sorts and indexes the same on both databases and carries no time zone to lose.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (SQLAlchemy's signature)
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        return None if value is None else from_ms(value)


class Json(TypeDecorator[Any]):
    """JSON as text, key order kept (PostgreSQL's JSONB would sort keys and refuse U+0000)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's signature)
        return None if value is None else _as_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (SQLAlchemy's signature)
        return None if value is None else json.loads(value)


# "C" compares bytes: ids are hexadecimal digits, and a locale's rules would only slow their indexes.
RowId = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
Bytewise = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # text that is sought, and sorted so
