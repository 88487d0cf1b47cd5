"""What does a test of the failure ladder play with? A listener, its receiver, and time that passes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tests import factories
from tests.fakes import FakeQueue, FakeTransport, FixedClock, answered
from webhooks_app.engine import Engine
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.sweep import sweep
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Delivery, Event, Listener, State
from webhooks_app.storage.people import AuditEntry

URL = "http://127.0.0.1:9/receiver/under-test"


@dataclass
class Scene:
    """One listener of the hook `person`; its retries are near enough to make it fail within two minutes."""

    engine: Engine
    queue: FakeQueue
    transport: FakeTransport
    clock: FixedClock
    listener_id: str
    is_well: bool = True

    def will_answer(self, status: int) -> None:
        """The receiver answers so until it recovers."""
        self.is_well = False
        self.transport.will_do(lambda _: answered(200 if self.is_well else status), at=URL)

    def publish(self, count: int = 1) -> None:
        """So many events, dispatched."""
        for _ in range(count):
            factories.make_event(self.engine)
        dispatch(self.engine)
        self.work()

    def pass_time(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass as clock and worker live it: a sweep each `step`, and what it queues is sent."""
        for _ in range(round(seconds / step)):
            self.clock.tick(step)
            self.sweep()

    def sweep(self) -> None:
        """One sweep, and the work that it found."""
        sweep(self.engine)
        dispatch(self.engine)
        self.work()

    def work(self) -> None:
        """Send what is queued."""
        while self.queue.pushed or self.queue.pushed_slow:
            batches = [*self.queue.pushed, *self.queue.pushed_slow]
            self.queue.pushed.clear()
            self.queue.pushed_slow.clear()
            for batch in batches:
                deliver_batch(self.engine, batch, patience=ENDLESS)

    def fail(self) -> None:
        """Four events that fail again and again, until the listener is failing."""
        self.will_answer(500)
        self.publish(4)
        for _ in range(40):
            if self.listener.state != State.ACTIVE:
                return
            self.pass_time(5, step=5)
        raise AssertionError("the listener is not failing")

    def recover(self) -> None:
        """From now on the receiver takes everything."""
        self.is_well = True

    def go_to(self, moment: datetime | None) -> None:
        """Jump to this moment, and sweep."""
        assert moment is not None
        self.clock.now = moment
        self.sweep()

    def probe(self) -> None:
        """Jump to the next probe's moment, and have it made."""
        row = self.health
        assert row is not None
        self.go_to(row.probe_at)
        self.sweep()

    @property
    def listener(self) -> Listener:
        with self.engine.sessions() as session:
            return session.get_one(Listener, self.listener_id)

    @property
    def health(self) -> ListenerHealth | None:
        with self.engine.sessions() as session:
            return session.get(ListenerHealth, self.listener_id)

    def deliveries(self) -> list[Delivery]:
        """The listener's, the oldest first."""
        query = sa.select(Delivery).where(Delivery.listener_id == self.listener_id)
        with self.engine.sessions() as session:
            return list(session.scalars(query.order_by(Delivery.created_at, Delivery.id)))

    def sent(self) -> int:
        """How many requests the receiver got."""
        return sum(message.url == URL for message in self.transport.sent)

    def acts(self) -> list[str]:
        """What the audit says of the listener, the oldest first."""
        query = sa.select(AuditEntry).where(AuditEntry.object_id == self.listener_id)
        with self.engine.sessions() as session:
            return [f"{one.act} by {one.actor}" for one in session.scalars(query.order_by(AuditEntry.at))]

    def told(self) -> list[str]:
        """The built-in hooks that were sent, the oldest first."""
        query = sa.select(Event.hook).where(Event.hook.startswith("listener."))
        with self.engine.sessions() as session:
            return list(session.scalars(query.order_by(Event.created_at, Event.id)))


def scene_on(engine: Engine, queue: FakeQueue, transport: FakeTransport, clock: FixedClock) -> Scene:
    """A scene whose listener is well."""
    listener = factories.make_listener(engine, url=URL, retry_schedule=",".join(["15s"] * 40))
    return Scene(engine, queue, transport, clock, listener.id)


def health_row(scene: Scene, **columns: object) -> ListenerHealth:
    """A row of health as a recorder leaves it that dies right after its commit; not yet stored."""
    now = scene.clock()
    known = {
        "failures": 1,
        "first_failure_at": now,
        "last_failure_at": now,
        "last_error": "No.",
        "look_at": now,
    }
    return ListenerHealth(listener_id=scene.listener_id, **known | columns)
