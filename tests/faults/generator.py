"""Who publishes, and what does it know of each event? Only what any caller would: the commit returned, or it did not.

Half of the events come through `publish` in this process, half over the API. An event whose caller saw an error
may be stored or not; the checker asks nothing of it but that it is a whole one.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from tests.faults.installation import Installation
from webhooks_app import Hook
from webhooks_app.engine.publish import publish
from webhooks_app.registry import Occurrence

_THREADS = 4


class Generator:
    """Publishes events of one hook and counts what became of each call."""

    def __init__(self, installation: Installation, hook: str) -> None:
        self.committed: list[str] = []  # ids as they are shown
        self.refused: list[int] = []  # statuses of the API
        self.unknown = 0  # the caller saw no answer
        self.seconds: list[float] = []  # how long each call took
        self._installation = installation
        self._hook = hook
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def by_code(self, *, text: str = "") -> str | None:
        """In this process, in a transaction of its own; the event's id, None for an error."""
        began = time.monotonic()
        event_id = None
        # Counted as unknown then: a commit may have been done, and its answer lost.
        with suppress(sa.exc.DBAPIError):
            event_id = publish(
                self._installation.engine,
                Occurrence(Hook(name=self._hook), {"n": next(self._numbers), "text": text}, "faults"),
            )
        self._count(event_id, began, status=None)
        return event_id

    def by_api(self, *, text: str = "", key: str = "") -> int:
        """Over HTTP; the status, 0 if there was no answer."""
        began = time.monotonic()
        payload = {"n": next(self._numbers), "text": text}
        status, answer = self.post(payload, key=key)
        accepted = status == http.client.ACCEPTED
        self._count(answer["id"] if accepted else None, began, status=status)
        return status

    def post(self, payload: object, *, key: str = "") -> tuple[int, dict[str, str]]:
        """The bare call, for who wants to repeat it."""
        named = {"Idempotency_Key": key} if key else {}
        path = f"/api/v1/hooks/{self._hook}/events"
        return self._installation.call("POST", path, {"payload": payload}, **named)

    def some(self, count: int) -> None:
        """So many events, one after the other, on both ways."""
        for number in range(count):
            if number % 2 and "web" in self._installation.standing:
                self.by_api()
            else:
                self.by_code()

    @contextmanager
    def load(self, *, per_second: float) -> Iterator[None]:
        """Events at about this rate, from several threads, while the block runs."""
        over = threading.Event()

        def publish_on() -> None:
            while not over.wait(_THREADS / per_second):
                self.some(2)

        threads = [threading.Thread(target=publish_on) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(120)

    def _count(self, event_id: str | None, began: float, *, status: int | None) -> None:
        with self._lock:
            self.seconds.append(time.monotonic() - began)
            if event_id is not None:
                self.committed.append(event_id)
            elif status:
                self.refused.append(status)
            else:
                self.unknown += 1
