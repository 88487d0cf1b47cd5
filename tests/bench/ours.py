"""Our side: the product's own engine, worker and clock, without its doors."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.bench.ground import FAN_OUT, LISTENERS, Place, payload
from tests.build import settings_for
from webhooks_app import Hook, hooks
from webhooks_app.application import bind, build_engine
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import CODE
from webhooks_app.engine.queue_facts import SLOW
from webhooks_app.match import Filter
from webhooks_app.runtime.clock import run_clock
from webhooks_app.runtime.worker import run_worker
from webhooks_app.storage.base import Base
from webhooks_app.storage.database import make_engine


class Ours:
    """Publishes by a hook, delivers as `webhooks up` does: a worker, one for what is slow, and the clock.

    All of them count. The second worker has nothing to do unless the machine stalls: what could not begin in
    a quarter of a second goes to its queue, and would otherwise wait there for ever.
    """

    def __init__(self, place: Place) -> None:
        folder = Path(place.folder)
        settings = settings_for(folder, url=place.database_url, REDIS_URL=place.redis_url)
        self._place = place
        self._sa_engine = make_engine(place.database_url)
        self._engine = build_engine(settings, self._sa_engine, caller_session=lambda: None)
        bind(self._engine)
        self._hook = hooks.register(Hook(name="bench", provides_args=["group", "number", "text"]))
        self.working = {
            "worker": partial(run_worker, self._engine),
            "slow worker": partial(run_worker, self._engine, queue=SLOW),
            "clock": partial(run_clock, self._engine),
        }

    def prepare(self) -> None:
        Base.metadata.create_all(self._sa_engine)
        for number in range(LISTENERS):
            wanted = listeners.Wanted(
                url=self._place.url(number), filter=Filter({"group": number // FAN_OUT})
            )
            listeners.create(self._engine, "bench", wanted, by=CODE)

    def publish(self, events: int) -> None:
        for number in range(events):
            self._hook.send(sender=None, **payload(number))
