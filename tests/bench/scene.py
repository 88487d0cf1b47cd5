"""How does a case put our side to work on listeners of its own? In a scene: a fresh database, and our processes.

The case publishes from the bench's own process, waits for what was recorded, and asks the receiver what came when.
All moments are of time.monotonic(), which the processes of one machine share.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.request import urlopen

import sqlalchemy as sa

from tests.bench.ground import Ground, Place, payload
from tests.bench.ours import Ours
from tests.bench.race import OURS, PATIENCE_SECONDS, NotDelivered, Runner
from webhooks_app.engine.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as the receiver saw it."""

    path: str
    number: int
    at: float


class Scene:
    """Our processes at work, and what can be done to them."""

    def __init__(self, place: Place, ours: Ours, worker: Runner) -> None:
        self.ours = ours
        self.worker = worker
        self._arrivals = f"http://127.0.0.1:{place.receiver_port}/arrivals"

    def publish(self, number: int, *, group: int = 0) -> float:
        """Publish an event in a transaction of its own; gives the moment before that began."""
        given = payload(number) | {"group": group}
        began = time.monotonic()
        self.ours.hook.send(sender=None, **given)
        return began

    def arrivals(self) -> list[Arrival]:
        """What the receiver remembered since it was last asked."""
        with urlopen(self._arrivals, timeout=10) as answer:
            return [Arrival(*each) for each in json.load(answer)]

    def wait_until_recorded(self, wanted: int, *, look: Callable[[int], None] = lambda _: None) -> None:
        """Wait for so many attempts; `look` is told how many there are. Raises NotDelivered."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        query = sa.text("SELECT count(*) FROM webhooks_attempts")
        while True:
            with self.ours.sa_engine.connect() as connection:
                count = int(connection.scalar(query) or 0)
            look(count)
            if count >= wanted:
                return
            if time.monotonic() > give_up_at or self.worker.has_ended:
                raise NotDelivered(f"Only {count} of {wanted} attempts were recorded.")
            time.sleep(0.05)


@contextmanager
def scene(ground: Ground, database: str, listeners: Callable[[Place], Iterable[Wanted]]) -> Iterator[Scene]:
    """Our processes on a fresh database with these listeners."""
    with ground.place(database) as place, ExitStack() as stack:
        ours = Ours(place)
        stack.callback(ours.sa_engine.dispose)
        ours.make(listeners(place))
        runners = [stack.enter_context(Runner(OURS.name, role, place)) for role in OURS.roles]
        for runner in runners:
            runner.wait_until_ready()
            runner.say("0")
        found = Scene(place, ours, runners[0])
        found.arrivals()  # what came in an earlier scene
        yield found


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
