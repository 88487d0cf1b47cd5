"""How is a long list cut into pages, so that no row is lost or doubled while new ones come in?

By a cursor of two keys, the moment and the id of the row at the page's edge: rows of the same millisecond
keep a fixed order, and a new row moves no edge.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from webhooks_app.storage.types import from_ms, to_ms

Row = TypeVar("Row")

_WRITTEN = re.compile(r"([on])(\d{1,15})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The edge of a page: what follows it is older, or `newer`."""

    created_ms: int
    id: str
    newer: bool = False

    def encode(self) -> str:
        """As opaque text, safe in a URL."""
        plain = f"{'n' if self.newer else 'o'}{self.created_ms}.{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read what `encode` wrote. Raises ValueError for anything else."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, UnicodeError):
            plain = ""
        found = _WRITTEN.fullmatch(plain)
        if found is None or not _is_moment(int(found[2])):
            raise ValueError("This is not a cursor of this list.")
        return cls(int(found[2]), found[3], newer=found[1] == "n")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, with the cursors of the pages beside it (None where there is none)."""

    rows: Sequence[Row]
    older: str | None = None
    newer: str | None = None


def page_of(
    session: Session,
    query: sa.Select[Row],
    *,
    moment_column: InstrumentedAttribute[datetime],
    id_column: InstrumentedAttribute[str],
    cursor: Cursor | str | None,
    limit: int,
) -> Page[Row]:
    """The page of at most `limit` rows that begins at `cursor`, newest first by moment and id.

    `query` selects one entity and has no order of its own. Raises ValueError for a bad cursor.
    """
    edge = Cursor.decode(cursor) if isinstance(cursor, str) else cursor
    place = sa.tuple_(moment_column, id_column)
    if edge is not None:
        # In the columns' own types, so that the moment is compared as the number it is kept as.
        at = sa.tuple_(
            sa.literal(from_ms(edge.created_ms), moment_column.type), sa.literal(edge.id, id_column.type)
        )
        query = query.where(place > at if edge.newer else place < at)
    goes_up = edge is not None and edge.newer
    order = (moment_column, id_column) if goes_up else (moment_column.desc(), id_column.desc())
    # One more than asked for tells whether there is another page.
    rows = list(session.scalars(query.order_by(*order).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    if goes_up:
        rows.reverse()
    return _page(rows, edge=edge, more=more, keys=(moment_column.key, id_column.key))


def _is_moment(milliseconds: int) -> bool:
    try:
        from_ms(milliseconds)
    except OverflowError:
        return False
    return True


def _page(rows: list[Row], *, edge: Cursor | None, more: bool, keys: tuple[str, str]) -> Page[Row]:
    if not rows:
        return Page(rows)
    goes_up = edge is not None and edge.newer
    has_older = more or goes_up
    has_newer = more if goes_up else edge is not None
    return Page(
        rows,
        older=_edge(rows[-1], keys, newer=False) if has_older else None,
        newer=_edge(rows[0], keys, newer=True) if has_newer else None,
    )


def _edge(row: Any, keys: tuple[str, str], *, newer: bool) -> str:
    moment, row_id = (getattr(row, key) for key in keys)
    return Cursor(to_ms(moment), row_id, newer=newer).encode()
