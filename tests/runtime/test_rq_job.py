"""Can somebody who writes to Redis make a worker run anything but our own two functions?"""

from __future__ import annotations

import os
import pickle
import socket
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from rq import Callback, Queue
from rq.job import Job, JobStatus
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.webhook import Webhook

from tests import factories
from webhooks_app.engine.queue_facts import DELIVERIES
from webhooks_app.runtime.rq_job import ForbiddenJob, WebhooksJob
from webhooks_app.runtime.worker import _worker, run_worker
from webhooks_app.storage.models import Delivery

called: list[str] = []


def note_a_call(*_arguments, **_more):
    """What a forged callback names."""
    called.append("called")


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.fixture
def forged(connection):
    """Put a job into the queue as somebody else would, with RQ's own means."""

    def forge(function, *args, serializer=JSONSerializer, data=None, **options):
        job = Job.create(function, args=args, connection=connection, serializer=serializer, **options)
        if data is not None:
            job.data = data
        Queue(DELIVERIES, connection=connection, serializer=serializer).enqueue_job(job)
        return job

    called.clear()
    return forge


@pytest.fixture
def work(working_engine, own_signals):
    """Work everything off, with an honest delivery at the end; says whether that one arrived."""

    def work():
        delivery = factories.make_delivery(working_engine)
        run_worker(working_engine, burst=True)
        with working_engine.sessions() as session:
            return session.scalar(sa.select(Delivery.status).where(Delivery.id == delivery.id)) == "delivered"

    return work


def test_only_our_two_functions_are_found(connection):
    for name in ("webhooks_app.jobs.dispatch", "webhooks_app.jobs.deliver"):
        assert callable(WebhooksJob.create(name, connection=connection, serializer=JSONSerializer).func)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "webhooks_app.jobs.bind",  # ours, but no job
        "webhooks_app.jobs.deliver.__globals__",
        "webhooks_app.jobs",
        "subprocess.run",
    ],
)
def test_every_other_function_is_refused(connection, name):
    job = WebhooksJob.create(name, connection=connection, serializer=JSONSerializer)

    with pytest.raises(ForbiddenJob, match="not a function of Webhooks App"):
        _ = job.func


def test_a_forged_command_is_not_run_and_the_worker_goes_on(forged, work, tmp_path, caplog):
    forged("os.system", f"touch {tmp_path}/forged")

    assert work()
    assert not (tmp_path / "forged").exists()
    assert "ForbiddenJob" in caplog.text


def test_forged_callbacks_are_not_called(forged, work):
    callback = Callback("tests.runtime.test_rq_job.note_a_call")
    options = {"on_success": callback, "on_failure": callback, "on_stopped": callback}
    forged("webhooks_app.jobs.dispatch", **options)
    forged("webhooks_app.jobs.deliver", "no list of ids", 1, 2, 3, **options)

    assert work()
    assert called == []


def test_forged_webhooks_are_not_sent(forged, work):
    """RQ would send them itself, past our address guard."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/"
        webhooks = [Webhook(url, "finished", timeout=1), Webhook(url, "failed", timeout=1)]
        forged("webhooks_app.jobs.dispatch", webhooks=webhooks)
        forged("os.system", "true", webhooks=webhooks)

        assert work()
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_what_a_dead_worker_left_is_tidied_without_callbacks_and_webhooks(forged, connection):
    with socket.create_server(("127.0.0.1", 0)) as trap:
        webhook = Webhook(f"http://127.0.0.1:{trap.getsockname()[1]}/", "failed", timeout=1)
        job = forged(
            "os.system",
            "true",
            webhooks=[webhook],
            on_failure=Callback("tests.runtime.test_rq_job.note_a_call"),
        )
        job.set_status(JobStatus.STARTED)
        connection.zadd(f"rq:wip:{DELIVERIES}", {f"{job.id}:execution": 1})
        _worker(connection, DELIVERIES).run_maintenance_tasks()

        assert job.get_status() == JobStatus.FAILED
        assert called == []
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_pickled_data_is_not_opened(forged, work, tmp_path):
    bomb = pickle.dumps(("webhooks_app.jobs.dispatch", None, [Bomb(tmp_path / "bomb")], {}))
    forged("webhooks_app.jobs.dispatch", serializer=DefaultSerializer, data=bomb)

    assert work()
    assert not (tmp_path / "bomb").exists()


def test_a_method_of_an_instance_is_refused(forged, work):
    data = JSONSerializer.dumps(["webhooks_app.jobs.dispatch", "an instance", [], {}])
    forged("webhooks_app.jobs.dispatch", data=data)

    assert work()


def test_an_id_without_a_job_is_passed_over(connection, work):
    connection.rpush(f"rq:queue:{DELIVERIES}", str(uuid.uuid4()))

    assert work()
