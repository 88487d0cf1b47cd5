"""Which part of a long list does its address ask for, and what if nothing is there?

The newest part, or what lies before or after a cursor. One that was cut off while copying shows the
newest part and says so; one whose rows are gone shows a page that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhooks_app.storage.queries.page import Cursor, Page

CUT_OFF = "This is not a place in this list; it may have been cut off while copying. The newest are shown."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, and a sentence for a cursor that cannot be read."""

    cursor: Cursor | None = None
    problem: str = ""

    def with_problem(self, problems: Mapping[str, str]) -> dict[str, str]:
        """What cannot be meant in the filter of the same address, and in its cursor."""
        return {**problems, "cursor": self.problem} if self.problem else dict(problems)

    def beyond(self, page: Page[Any]) -> str:
        """The side on which the list has ended before this page; "" where there are rows."""
        if self.cursor is None or page.rows:
            return ""
        return "newer" if self.cursor.newer else "older"


def read(args: Mapping[str, str]) -> Place:
    """The place that a query string asks for."""
    text = args.get("cursor", "")
    if not text:
        return Place()
    try:
        return Place(Cursor.decode(text))
    except ValueError:
        return Place(problem=CUT_OFF)
