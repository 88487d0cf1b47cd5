"""By what are listeners told apart in a menu? By their names, and where several have the same by more than that.

Pure. A listener without a name of its own is called by its host, so that names repeat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from webhooks_app.storage.queries.listeners import Named

LONGEST_PATH = 40


def labels(listeners: Sequence[Named]) -> dict[str, str]:
    """A label for each listener by its id: its name, then its hook and path too, then the end of its id."""
    names = Counter(one.name for one in listeners)
    told = {one.id: one.name if names[one.name] == 1 else _at_length(one) for one in listeners}
    known = Counter(told.values())
    return {
        row_id: label if known[label] == 1 else f"{label} {row_id[-6:]}" for row_id, label in told.items()
    }


def _at_length(one: Named) -> str:
    try:
        path = urlsplit(one.url).path or "/"
    except ValueError:  # a row that was written past the door
        path = one.url
    cut = f"{path[:LONGEST_PATH]}…" if len(path) > LONGEST_PATH else path
    return f"{one.name} ({one.hook}, {cut})"
