"""Does the system page say what runs, and what to start?"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from tests.factories import make_user
from tests.shared_console import lent
from tests.web.conftest import client_of, page
from webhooks_app.engine.queue_facts import QueueWorker
from webhooks_app.storage.models import Lease


@pytest.fixture
def clock_runs(engine, clock):
    with engine.sessions.begin() as session:
        session.add(Lease(name="clock", owner="host-1", until=clock() + timedelta(seconds=5)))


@pytest.fixture
def workers_run(queue):
    queue.seen_workers = [QueueWorker("w1", "deliveries", "idle"), QueueWorker("w2", "slow", "busy")]


def test_without_worker_and_clock_the_commands_are_named(viewer):
    text = page(viewer, "/system")

    assert "No worker is running" in text and "flask --app wsgi webhooks worker" in text
    assert "No clock is running" in text and "flask --app wsgi webhooks clock" in text


def test_tables_without_a_revision_are_told(viewer):
    # The test's database was made without migrations.
    assert "flask --app wsgi webhooks migrate" in page(viewer, "/system")


def test_workers_and_clock_are_listed(viewer, workers_run, clock_runs):
    text = page(viewer, "/system")

    assert "w1" in text and "Busy" in text and "host-1" in text and "No worker" not in text


@pytest.fixture
def workers_heard_of(queue, clock):
    """Both workers told of themselves so many seconds ago."""

    def heard(seconds):
        seen_at = clock() - timedelta(seconds=seconds)
        queue.seen_workers = [
            QueueWorker("w1", "deliveries", "idle", seen_at=seen_at),
            QueueWorker("w2", "slow", "idle", seen_at=seen_at),
        ]

    return heard


def test_workers_that_were_silent_for_long_are_not_said_to_run(
    viewer, workers_heard_of, clock_runs, make_delivery
):
    make_delivery(status="delivered")
    workers_heard_of(150)

    text = page(viewer, "/system")

    assert "No worker was heard of for 2 m 30 s, so nothing is sent." in text
    assert text.count("</svg>Silent</span>") == 2
    assert re.search(r"Workers</dt><dd>0</dd>.*?silent: 2", text)
    assert "No worker was heard of" in page(viewer, "/")


def test_due_work_that_nobody_takes_is_told_before_the_workers_count_as_silent(
    viewer, workers_heard_of, clock_runs, queue, make_event, clock
):
    workers_heard_of(23)
    make_event()
    queue.push([["a"]])
    clock.tick(4)
    assert "no worker told" not in page(viewer, "/system")
    clock.tick(6)

    text = page(viewer, "/system")

    assert "Work has been due for 10 s, and no worker told of itself since." in text


@pytest.mark.parametrize(
    ("heard_ago", "due_for", "slow"),
    [
        (110, 0, False),  # an idle worker waits so long for its next job
        (110, 5, False),  # on its way into the queue
        (3, 30, False),  # much to do, and it is being done
        (110, 30, True),  # it waits behind other slow receivers
    ],
)
def test_a_worker_that_may_well_work_is_not_accused(
    viewer, workers_heard_of, clock_runs, queue, make_event, clock, heard_ago, due_for, slow
):
    make_event(created_at=clock() - timedelta(seconds=due_for))
    queue.push([["a"]], slow=slow)
    workers_heard_of(heard_ago)

    text = page(viewer, "/system")

    assert "no worker" not in text.lower()


def test_a_missing_worker_for_slow_receivers_is_told(viewer, queue):
    queue.seen_workers = [QueueWorker("w1", "deliveries", "idle")]

    assert "webhooks worker --queue slow" in page(viewer, "/system")


def test_a_database_with_another_time_is_told(built_console, any_engine):
    late = replace(any_engine, clock=lambda: datetime.now(UTC) - timedelta(seconds=30))
    has_one = any_engine.sessions.kw["bind"].dialect.name == "postgresql"
    with lent(built_console, late) as app:
        text = page(client_of(app, make_user(late)), "/system")
        reasons = app.test_client().get("/readyz").json["reasons"]

    assert ("The clock of this host is" in text and "behind the database" in text) is has_one
    assert not [reason for reason in reasons if "clock" in reason]


def test_a_redis_that_is_away_is_told_and_the_page_still_comes(viewer, queue):
    queue.is_down = True

    text = page(viewer, "/system")

    assert "Redis does not answer." in text and "Not known just now" in text


@pytest.mark.parametrize("url", ["/", "/system", "/hooks"])
def test_a_redis_that_is_away_does_not_stop_what_the_clock_delivers(viewer, queue, url):
    queue.is_down = True

    text = page(viewer, url)

    assert "the clock delivers them meanwhile" in text and "as soon as" not in text


@pytest.mark.parametrize("url", ["/", "/system"])
def test_a_redis_that_is_away_is_told_once(viewer, queue, url):
    queue.is_down = True

    assert page(viewer, url).count("Redis does not answer. Events are") == 1


def test_workers_that_are_not_known_are_not_counted(viewer, queue):
    queue.is_down = True

    text = page(viewer, "/system")

    assert "not known while Redis is away" in text and "for deliveries: 0" not in text


def test_what_waits_is_counted(viewer, make_delivery, make_event):
    make_delivery()
    make_delivery(status="held")
    make_event()

    text = page(viewer, "/system")

    assert re.search(r"Waiting</a></dt><dd>1</dd>", text) and re.search(r"Held</a></dt><dd>1</dd>", text)
    assert re.search(r"Events to match</dt><dd>1</dd>", text)


def test_the_figures_are_sent_again_only_when_they_changed(viewer, make_delivery):
    revision = re.search(r"live\?v=(\w{16})", page(viewer, "/system"))[1]

    at_rest = viewer.get(f"/system/live?v={revision}")
    make_delivery()

    assert at_rest.status_code == 204
    assert viewer.get(f"/system/live?v={revision}").status_code == 200


@pytest.mark.parametrize(
    ("url", "is_told"), [("redis://redis.example.com/0", True), ("unix:///r.sock", False)]
)
def test_a_redis_that_others_reach_is_told(built_console, any_engine, url, is_told):
    settings = replace(any_engine.settings, redis_url=url)
    with lent(built_console, replace(any_engine, settings=settings)) as app:
        text = page(client_of(app, make_user(any_engine)), "/system")

    assert ("wants no password" in text) is is_told


def test_a_redis_that_evicts_is_told(viewer, queue, workers_run, clock_runs):
    assert "maxmemory-policy" not in page(viewer, "/system")

    queue.evicts = True
    assert "Set maxmemory-policy noeviction" in page(viewer, "/system")


def test_a_production_that_may_reach_everything_is_told(viewer, app, engine):
    opened = replace(engine.settings, allowed_networks=(ip_network("::/0"),))
    console = app.extensions["webhooks"]

    told = []
    for env in ("development", "production"):
        app.extensions["webhooks"] = replace(console, settings=replace(opened, env=env))
        told.append("WEBHOOKS_ALLOWED_NETWORKS opens ::/0" in page(viewer, "/system"))

    assert told == [False, True]
