"""How does a page that asks again and again not wear out the database? A dear answer is kept for a while.

It is kept twenty times as long as it took, so that all readers of a process together spend at most a
twentieth of its time on it. What was quick is not kept at all, and is always fresh.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

QUICK_SECONDS = 0.05
TIMES_AS_LONG = 20
LONGEST_SECONDS = 60.0
MOST_ANSWERS = 64


class Kept(Generic[Answer]):
    """The dear answers of one process, by their questions."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[Hashable, tuple[float, Answer]] = {}

    def ask(self, question: Hashable, read: Callable[[], Answer]) -> Answer:
        """The kept answer, or that of `read`."""
        began = self._clock()
        until, answer = self._answers.get(question, (began, None))
        if answer is not None and began < until:
            return answer
        fresh = read()
        took = self._clock() - began
        if took >= QUICK_SECONDS:
            self._keep(question, fresh, until=began + took + min(took * TIMES_AS_LONG, LONGEST_SECONDS))
        return fresh

    def _keep(self, question: Hashable, answer: Answer, *, until: float) -> None:
        if len(self._answers) >= MOST_ANSWERS:
            self._answers.clear()
        self._answers[question] = (until, answer)
