"""Which listeners that code declared wait for their table? Those of a process that started before it was made.

Every process declares its listeners while it imports the hooks, also the one that is about to make the
tables: `webhooks up`, `webhooks migrate`, `flask db upgrade`. None of them may fail for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from webhooks_app.draft import ListenerDraft


@dataclass(slots=True)
class Postponed:
    """The drafts of one engine that wait, in the order of their declaration."""

    _drafts: list[ListenerDraft] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, draft: ListenerDraft) -> None:
        """Keep a draft."""
        with self._lock:
            self._drafts.append(draft)

    def take(self) -> list[ListenerDraft]:
        """Give all of them, and keep none."""
        with self._lock:
            taken, self._drafts = self._drafts, []
        return taken

    def __len__(self) -> int:
        return len(self._drafts)
