"""What if old rows are deleted while new ones are sent, and whoever deletes is killed half-way?"""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.stack import ROOT
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.models import Attempt, Delivery, Event

PRUNE = (sys.executable, "-m", "flask", "--app", "wsgi", "webhooks", "prune")
OLD = timedelta(days=400)
MANY = 1_500


def make_old_rows(trial) -> None:
    """Deliveries that ended long ago, and one that is as old and still waits."""
    past, listener = datetime.now(UTC) - OLD, trial.listen("/ok", wants={"n": -1})
    event_ids, delivery_ids = ([new_id() for _ in range(MANY)] for _ in range(2))
    ends = ["held", *["delivered"] * (MANY - 1)]
    dated = {"created_at": past, "hook": trial.hook}
    event = {"body": '{"n":-1}', "sender": "", "test": False, "dispatched_at": past, **dated}
    delivery = {"listener_id": listener.id, "due_at": past, "finished_at": past, **dated}
    with trial.engine.sessions.begin() as session:
        session.execute(sa.insert(Event), [{"id": one, **event} for one in event_ids])
        session.execute(sa.insert(Delivery), [
            {"id": one, "event_id": event_id, "status": end, **delivery}
            for one, event_id, end in zip(delivery_ids, event_ids, ends, strict=True)
        ])  # fmt: skip
        session.execute(sa.insert(Attempt), [
            {"id": new_id(), "delivery_id": one, "number": 1, "started_at": past, "status_code": 200}
            for one in delivery_ids[1:]
        ])  # fmt: skip


@pytest.mark.fault(32)
def test_a_prune_that_is_killed_under_load_takes_only_what_has_ended(trial):
    make_old_rows(trial)
    trial._filters.clear()  # what is old was never sent here: the checker judges the new ones
    new = trial.listen("/ok", wants={"text": "new"})
    given = {**trial.installation.stack.environ, "WEBHOOKS_FAILPOINTS": "prune.mid=kill@2"}
    statuses: list[int] = []

    def look() -> None:
        statuses.extend(trial.installation.call("GET", "/api/v1/deliveries?limit=200")[0] for _ in range(10))

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(10):
        trial.generator.by_code(text="new")
    killed = subprocess.run(PRUNE, cwd=ROOT, env=given, capture_output=True)
    del given["WEBHOOKS_FAILPOINTS"]
    done = subprocess.run(PRUNE, cwd=ROOT, env=given, capture_output=True, text=True)
    looking.join(120)

    assert (killed.returncode, done.returncode) == (-9, 0), done.stderr
    assert set(statuses) == {http.client.OK}
    with trial.engine.readings() as session:
        left = sa.select(Delivery.status).where(Delivery.hook == trial.hook, Delivery.listener_id != new.id)
        assert list(session.scalars(left)) == ["held"]  # it is old, and not finished
    trial.wait_for_arrivals(10)
    assert trial.statuses().count("delivered") <= 10
