"""What stands in for the network, the queue and the clock? Fakes that obey the engine's own protocols."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from webhooks_app.engine import QueueRefuses, QueueUnreachable
from webhooks_app.engine.message import Message
from webhooks_app.engine.outcome import Outcome, Timings
from webhooks_app.engine.queue_facts import QueueServer, QueueWorker

Answer = Outcome | Callable[[Message], Outcome]


class FixedClock:
    """A clock that stands still until it is told to tick."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float) -> datetime:
        """Let time pass; gives the new moment."""
        self.now += timedelta(seconds=seconds)
        return self.now


class FakeQueue:
    """Records rings and pushes. While `is_down`, every call raises QueueUnreachable."""

    def __init__(self) -> None:
        self.rings = 0
        self.pushed: list[list[str]] = []
        self.pushed_slow: list[list[str]] = []
        self.is_down = False
        self.refuses = ""
        self.is_wiped = False
        self.evicts = False
        self.seen_workers: list[QueueWorker] = []
        self._asked_for = False

    @property
    def pushed_ids(self) -> list[str]:
        """Every delivery id that was queued, in order."""
        return [one for batch in self.pushed for one in batch]

    def ring(self, *, again: bool = False) -> None:
        """Count a ring, unless one is already asked for."""
        self._check()
        if again or not self._asked_for:
            self.rings += 1
        self._asked_for = True

    def answer(self) -> None:
        """Take the ring down."""
        self._check()
        self._asked_for = False

    def push(self, batches: Sequence[Sequence[str]], *, slow: bool = False) -> None:
        """Keep the batches."""
        self._check()
        (self.pushed_slow if slow else self.pushed).extend(list(batch) for batch in batches)

    def try_out(self) -> None:
        """Raise what `refuses` holds, if anything."""
        self._check()
        if self.refuses:
            raise QueueRefuses(self.refuses)

    def length(self, *, slow: bool = False) -> int:
        """How many batches were pushed and not taken out of the list."""
        self._check()
        return len(self.pushed_slow if slow else self.pushed)

    def was_wiped(self) -> bool:
        """Say that everything is gone, after `is_wiped` was set."""
        self._check()
        return self.is_wiped

    def mark(self) -> None:
        """From now on nothing is gone."""
        self._check()
        self.is_wiped = False

    def workers(self) -> list[QueueWorker]:
        """Those put into `seen_workers`."""
        self._check()
        return self.seen_workers

    def server(self) -> QueueServer:
        """A server that works; it may throw jobs away after `evicts` was set."""
        self._check()
        return QueueServer(version="7.2.0", memory_bytes=1024, evicts=self.evicts)

    def _check(self) -> None:
        if self.is_down:
            raise QueueUnreachable("The fake queue is down.")


class FakeTransport:
    """Keeps each Message in `sent` and gives the answers it was told to, in order; the last one stays.

    Without being told it answers 200. What is told `at` a URL counts for that URL only.
    """

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self._answers: dict[str | None, list[Answer]] = {}
        self._lock = threading.Lock()

    def will_answer(
        self,
        *statuses: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        at: str | None = None,
    ) -> None:
        """Answer with these status codes, one after the other."""
        pairs = tuple((headers or {}).items())
        for status in statuses:
            self.will_do(answered(status, headers=pairs, body=body), at=at)

    def will_fail(
        self, error_class: str, error: str = "The receiver cannot be reached.", *, at: str | None = None
    ) -> None:
        """Give no answer, for this reason (`dns_failure`, `read_timeout`, `ip_not_public` …)."""
        self.will_do(Outcome(error_class=error_class, error=error, timings=Timings(total_ms=5.0)), at=at)

    def will_do(self, answer: Answer, *, at: str | None = None) -> None:
        """Give this outcome, or what a function makes of the message."""
        self._answers.setdefault(at, []).append(answer)

    def send(self, message: Message) -> Outcome:
        """As engine.Transport: an outcome whatever happens."""
        with self._lock:
            self.sent.append(message)
            answer = self._next(message.url)
        return answer(message) if callable(answer) else answer

    def _next(self, url: str) -> Answer:
        answers = self._answers.get(url) or self._answers.get(None) or [answered(200)]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def answered(status: int, *, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Outcome:
    """The outcome of an answer with this status, from 127.0.0.1 within five milliseconds."""
    accepted = 200 <= status < 300
    return Outcome(
        status_code=status,
        error_class=None if accepted else f"http_{status}",
        error=None if accepted else f"The receiver answered {status}.",
        ip="127.0.0.1",
        response_headers=tuple(headers),
        response_body=body,
        timings=Timings(total_ms=5.0),
    )
