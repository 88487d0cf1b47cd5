"""Our side: the product's own engine, worker and clock, without its doors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.bench.ground import FAN_OUT, LISTENERS, Place, payload
from tests.build import settings_for
from webhooks_app import Hook, hooks
from webhooks_app.application import bind, build_engine
from webhooks_app.engine.listener_rows import columns_of
from webhooks_app.engine.queue_facts import SLOW
from webhooks_app.engine.signing import new_secret
from webhooks_app.engine.signing_keys import add_secret
from webhooks_app.engine.wanted import Wanted, check
from webhooks_app.match import Filter
from webhooks_app.runtime.clock import run_clock
from webhooks_app.runtime.worker import run_worker
from webhooks_app.storage.base import Base
from webhooks_app.storage.database import make_engine
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Listener

HOOK = "bench"


class Ours:
    """Publishes by a hook, delivers as `webhooks up` does: a worker, one for what is slow, and the clock.

    All of them count. The second worker has nothing to do unless the machine stalls: what could not begin in
    a quarter of a second goes to its queue, and would otherwise wait there for ever.
    """

    def __init__(self, place: Place) -> None:
        folder = Path(place.folder)
        settings = settings_for(folder, url=place.database_url, REDIS_URL=place.redis_url)
        self._place = place
        self.sa_engine = make_engine(place.database_url)
        self.engine = build_engine(settings, self.sa_engine, caller_session=lambda: None)
        bind(self.engine)
        if HOOK not in hooks:
            hooks.register(Hook(name=HOOK, provides_args=["group", "number", "text"]))
        self.hook = hooks[HOOK]
        self.working = {
            "worker": partial(run_worker, self.engine),
            "slow worker": partial(run_worker, self.engine, queue=SLOW),
            "clock": partial(run_clock, self.engine),
        }

    def prepare(self) -> None:
        self.make(
            Wanted(url=self._place.url(number), filter=Filter({"group": number // FAN_OUT}))
            for number in range(LISTENERS)
        )

    def make(self, listeners: Iterable[Wanted]) -> None:
        """Make the tables and these listeners, all in one transaction, because a case may want ten thousand."""
        Base.metadata.create_all(self.sa_engine)
        now = self.engine.clock()
        moments = {"state_since": now, "created_at": now, "updated_at": now}
        with self.engine.sessions.begin() as session:
            for wanted in listeners:
                checked = check(self.engine, self.hook, wanted)
                row_id = new_id()
                session.add(Listener(id=row_id, hook=HOOK, **moments, **columns_of(checked)))
                session.flush()  # the secret's row refers to it
                add_secret(session, self.engine.seal, row_id, new_secret(), now=now)

    def publish(self, events: int) -> None:
        for number in range(events):
            self.hook.send(sender=None, **payload(number))
