"""What if whoever moves a listener on the failure ladder dies, at each step up and down?"""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from tests.faults import most_again
from tests.faults.installation import STARTED_SECONDS
from tests.patience import wait_until
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.storage import ids
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Event, Listener
from webhooks_app.storage.people import AuditEntry

BY = Actor("faults")
NAMES = ("worker", "slow", "clock")
SCHEDULE = ",".join(["1s"] * 12 + ["10s"] * 38)  # enough, however long a process takes to start
PATIENT = {"seconds": 2 * STARTED_SECONDS}


class Climbing:
    """A listener whose receiver fails until it is told otherwise, and processes whose time the test sets."""

    def __init__(self, trial, faked) -> None:
        self._trial, self._faked, self._offset = trial, faked, 0
        self._switch = trial.installation.log.parent / f"{trial.hook}-fails"
        self._switch.touch()
        self.listener_id = trial.listen(f"/until/{self._switch.name}/status/500", retry_schedule=SCHEDULE).id

    def run(self) -> None:
        """Start what does not run."""
        stack = self._trial.installation.stack
        for name in NAMES:
            process = stack.processes.get(name)
            if process is None or process.poll() is not None:
                stack.start(name, **self._faked)

    def jump(self, seconds: int) -> None:
        """Let so much time pass at once."""
        self._offset += seconds
        self._faked.set_to(self._offset)

    def recover(self) -> None:
        """From now on the receiver takes everything."""
        self._switch.unlink()

    def dies_at(self, point: str, *, after_seconds: int = 0) -> None:
        """Whoever comes to this point is killed, once time has jumped; then everything runs again."""
        self._trial.arm(point, "kill")
        self.jump(after_seconds)
        self._trial.wait_for_kill(point)
        self.run()

    def kill(self, *names: str) -> None:
        """kill -9 these, and start them again."""
        for name in names:
            self._trial.installation.kill(name)
            self._trial.kills += 1
        self.run()

    def waits_for(self, state: str, **health: int) -> None:
        """Until the listener is in this state, and its failures or probes are at least so many."""
        wait_until(lambda: self._is(state, health), what=f"{state} {health}", **PATIENT)

    def waits_for_statuses(self, status: str, count: int) -> None:
        """Until it has so many deliveries, and all of them stand so."""
        wait_until(lambda: self._trial.statuses() == [status] * count, what=f"{count} {status}", **PATIENT)

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is known against it."""
        with self._trial.engine.readings() as session:
            return session.get(ListenerHealth, self.listener_id) is None

    def acts(self) -> list[AuditEntry]:
        """What the audit says of it, in order: by id, for the times are of several clocks."""
        query = sa.select(AuditEntry).where(AuditEntry.object_id == self.listener_id)
        with self._trial.engine.readings() as session:
            return list(session.scalars(query.order_by(AuditEntry.id)))

    def told(self) -> Counter[str]:
        """How often each built-in hook told of it."""
        shown = ids.shown(ids.LISTENER, self.listener_id)
        query = sa.select(Event.hook).where(Event.hook.startswith("listener."), Event.body.contains(shown))
        with self._trial.engine.readings() as session:
            return Counter(session.scalars(query))

    def _is(self, state: str, health: dict[str, int]) -> bool:
        with self._trial.engine.readings() as session:
            known = session.get(ListenerHealth, self.listener_id)
            counts = all(
                known is not None and getattr(known, name) >= least for name, least in health.items()
            )
            return counts and session.get_one(Listener, self.listener_id).state == state


@pytest.fixture
def climbing(trial, faked):
    trial.installation.down("worker", "worker 2", "slow", "clock", "clock 2")
    one = Climbing(trial, faked)
    one.run()
    yield one
    trial.installation.down(*(name for name in NAMES if name in trial.installation.stack.processes))


@pytest.mark.fault(25)
@pytest.mark.parametrize("way", ["probed", "resumed"])
def test_a_listener_goes_up_and_down_the_ladder_whoever_dies_on_the_way(trial, climbing, way):
    for _ in range(4):
        trial.generator.by_code()
    climbing.waits_for("active", failures=10)
    climbing.dies_at("ladder.before_commit", after_seconds=70)
    climbing.waits_for("failing")
    for _ in range(2):
        trial.generator.by_code()
    climbing.waits_for_statuses("held", 6)

    climbing.dies_at("ladder.after_commit", after_seconds=100)  # the first probe, which is never queued
    climbing.waits_for("failing", probes=1)
    climbing.dies_at("send.after_response", after_seconds=200)  # the second one
    climbing.waits_for("failing", probes=2)
    climbing.waits_for_statuses("held", 6)

    (probed if way == "probed" else resumed)(trial, climbing)
    climbing.waits_for("active")
    climbing.waits_for_statuses("delivered", 6 if way == "probed" else 7)
    wait_until(lambda: climbing.is_forgotten, what="the end of the trouble", **PATIENT)

    trial.holds(duplicates=most_again(ends=trial.kills))
    acts = climbing.acts()
    states = [(one.before["state"], one.after["state"]) for one in acts]
    back = [("failing", "active")] if way == "probed" else [("failing", "paused"), ("paused", "active")]
    assert states == [("active", "failing"), *back]
    recovered = {"listener.recovered": 1} if way == "probed" else {}
    assert climbing.told() == {"listener.failing": 1} | recovered


def probed(trial, climbing):
    """The third probe succeeds: not recorded by who sent it, nor followed by who recorded it."""
    climbing.recover()
    climbing.dies_at("record.mid_tx", after_seconds=400)
    climbing.dies_at("ladder.before_commit")


def resumed(trial, climbing):
    """A person stops it, and lets it go on once the receiver is well."""
    listeners.pause(trial.engine, climbing.listener_id, by=BY)
    arrived = len(trial.arrivals())
    climbing.kill("worker", "clock")
    climbing.jump(400)
    trial.generator.by_code()
    climbing.waits_for_statuses("held", 7)
    assert len(trial.arrivals()) == arrived
    climbing.recover()
    listeners.resume(trial.engine, climbing.listener_id, by=BY)
    climbing.kill("worker", "clock")
