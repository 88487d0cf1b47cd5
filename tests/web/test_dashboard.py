"""Does the first page say what is wrong, since when and what helps, and nothing that is not so?"""

import re
from datetime import timedelta

import pytest

from tests.web.conftest import page
from webhooks_app.engine.queue_facts import QueueWorker
from webhooks_app.storage.models import Lease, State, Status
from webhooks_app.web.kept import Kept

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_is_kept(app, monkeypatch):
    """However slow this machine is, each page is read anew: here no time passes."""
    monkeypatch.setitem(app.extensions, "webhooks_dashboard", Kept(clock=lambda: 0.0))


@pytest.fixture
def all_runs(engine, clock, queue):
    """Workers and a clock."""
    queue.seen_workers = [QueueWorker("w1", "deliveries", "busy"), QueueWorker("w2", "slow", "idle")]
    with engine.sessions.begin() as session:
        session.add(Lease(name="clock", owner="host-1", until=clock() + timedelta(days=2)))


def tiles(text):
    """The figures by their labels, as (value, note)."""
    found = re.findall(r'<div class="kpi[^>]*>.*?</div>', text)
    parts = [
        [re.sub(r"<[^>]+>", "", part) for part in re.findall(r"<d[td].*?</d[td]>", one)] for one in found
    ]
    return {label: (value, note) for label, value, note in parts}


def verdict_of(text):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1.*?</h1>", text)[0]).removeprefix("Dashboard:").strip()


def test_it_is_for_who_signed_in(client):
    assert client.get("/").status_code == 302
    assert client.get("/dashboard/live").status_code == 302


def test_the_verdict_counts_the_failing_and_clears_the_others(viewer, all_runs, make_listener, make_delivery):
    make_delivery(listener=make_listener(), status=Status.DELIVERED)
    make_listener(state=State.FAILING, state_reason="10 failures in a row.")
    make_listener(state=State.DISABLED)

    text = page(viewer, "/")

    assert verdict_of(text) == "2 of 3 listeners are failing or disabled. Everything else is delivering."
    assert "<title>2 failing or disabled · Dashboard · Webhooks</title>" in text


def test_a_listener_in_trouble_comes_with_its_reason_its_last_error_and_what_helps(
    operator, viewer, all_runs, clock, make_listener, make_delivery, add_attempt
):
    since = clock() - 3 * HOUR
    erp = make_listener(
        name="Old ERP", state=State.FAILING, state_reason="10 failures in a row.", state_since=since
    )
    wrong = {"last_error_class": "tls_error", "finished_at": clock(), "created_at": clock() - 5 * HOUR}
    failed = make_delivery(listener=erp, status=Status.FAILED, **wrong)
    add_attempt(failed, error_class="tls_error", status_code=None, started_at=clock() - HOUR)
    make_delivery(listener=erp, status=Status.HELD)

    text = page(operator, "/")

    row = re.search(rf'<tr id="lsn_{erp.id}">.*?</tr>', text)[0]
    for said in (
        "Old ERP",
        "Failing",
        "10 failures in a row.",
        "1 failed, 1 held",
        "TLS error",
        "3 h ago",
        "1 h ago",
    ):
        assert said in row
    assert f"/deliveries/dlv_{failed.id}" in row and f"/listeners/lsn_{erp.id}/resume" in row
    assert f"/listeners/lsn_{erp.id}/resume" not in page(viewer, "/")


def test_failures_of_a_listener_that_works_are_listed_while_they_are_in_the_range(
    viewer, all_runs, clock, make_listener, make_delivery
):
    shop = make_listener(name="Shop")
    make_delivery(
        listener=shop, status=Status.FAILED, created_at=clock() - 3 * HOUR, last_error_class="http_500",
        last_status_code=500,
    )  # fmt: skip

    day, hour = page(viewer, "/"), page(viewer, "/?range=1h")

    assert "Answered 500" in day and "1 failed" in day
    assert verdict_of(day) == "No listener is failing, but 1 delivery failed in the last 24 hours."
    assert "Needs attention" not in hour
    assert f"listener=lsn_{shop.id}&amp;status=failed&amp;since=" in day


def test_a_listener_that_is_tried_again_needs_attention(
    viewer, all_runs, clock, make_listener, make_delivery
):
    shop = make_listener(name="Shop")
    make_delivery(listener=make_listener(), status=Status.DELIVERED)
    waiting = make_delivery(
        listener=shop, status=Status.RETRYING, created_at=clock() - 3 * HOUR, attempt_count=1,
        last_error_class="http_500", last_status_code=500,
    )  # fmt: skip
    make_delivery(listener=make_listener(), status=Status.RETRYING, test=True)

    text = page(viewer, "/")

    assert verdict_of(text) == "1 of 3 listeners is retrying after a send that failed."
    row = re.search(rf'<tr id="lsn_{shop.id}">.*?</tr>', text)[0]
    for said in ("Shop", "Retrying", "1 retrying", "Answered 500", "3 h ago"):
        assert said in row
    assert f"/deliveries/dlv_{waiting.id}" in row
    assert f"/deliveries?listener=lsn_{shop.id}&amp;status=retrying" in row
    assert text.count("<tr id=") == 1  # a test puts nobody in trouble
    assert ">Trouble</th>" in text and ">State</th>" not in text  # retrying is no state of a listener


def test_the_verdict_is_fresh_while_the_figures_are_kept(app, monkeypatch, viewer, all_runs, make_delivery):
    make_delivery(status=Status.DELIVERED)
    seconds = iter(range(0, 10_000, 2))  # each look at the clock is two seconds later, so all is dear
    monkeypatch.setitem(app.extensions, "webhooks_dashboard", Kept(clock=lambda: float(next(seconds))))
    page(viewer, "/")

    make_delivery(status=Status.RETRYING, attempt_count=1, last_error_class="http_500")
    text = page(viewer, "/")

    assert verdict_of(text) == "1 of 2 listeners is retrying after a send that failed."
    assert "1 retrying" in text and tiles(text)["Events"][0] == "1"


def test_a_failed_test_puts_nobody_in_trouble(viewer, all_runs, make_delivery):
    make_delivery(status=Status.FAILED, test=True, last_error_class="http_500")

    assert "Needs attention" not in page(viewer, "/")


def test_the_figures_are_those_of_the_range(viewer, all_runs, clock, make_listener, make_delivery):
    listener = make_listener()
    for status, ago, count in (
        (Status.DELIVERED, 0, 3), (Status.FAILED, 2, 1), (Status.RETRYING, 0, 2), (Status.HELD, 0, 1),
        (Status.DELIVERED, 40, 1),
    ):  # fmt: skip
        for _ in range(count):
            make_delivery(listener=listener, status=status, created_at=clock() - ago * HOUR)

    day, week = tiles(page(viewer, "/")), tiles(page(viewer, "/?range=7d"))

    assert day["Delivered"] == ("75 %", "3 of 4 that ended")
    assert day["Failed"] == ("1", "no further attempt follows")
    assert day["Waiting now"][0] == "2"
    # Resumed by somebody, or, where it is failing, by a probe that arrives.
    assert day["Held now"] == ("1", "until their listener can be sent to again")
    assert day["95 % answer within"] == ("–", "no answers")
    assert week["Delivered"] == ("80 %", "4 of 5 that ended")


def test_the_chart_has_a_sentence_a_table_and_links(viewer, all_runs, make_delivery):
    make_delivery(status=Status.DELIVERED)
    make_delivery(status=Status.FAILED)

    text = page(viewer, "/")

    said = "2 deliveries in the last 24 hours, tests included: 1 delivered, 1 failed. Times in UTC."
    assert "Deliveries per hour" in text and text.count(said) == 2
    assert len(re.findall('<th scope="row"><a', text)) == 24
    nine = "/deliveries?since=2026-03-02T09%3A00%3A00Z&amp;until=2026-03-02T10%3A00%3A00Z"
    assert text.count(f'href="{nine}"') == 2 and f'<a href="{nine}">09:00</a>' in text


@pytest.mark.parametrize("word", ["1h", "24h", "7d", "30d", "", "<script>", "99y"])
def test_any_range_is_answered(viewer, all_runs, make_delivery, word):
    make_delivery(status=Status.DELIVERED)

    text = page(viewer, "/", query_string={"range": word})

    known = word if word in ("1h", "24h", "7d", "30d") else "24h"
    assert (
        f'range={known}" aria-current="true">{known}</a>' in text and "<script>" not in text.split("<body")[1]
    )


def test_what_does_not_run_comes_first(viewer, queue, make_listener, make_delivery):
    make_listener(state=State.FAILING)
    make_delivery(status=Status.DELIVERED)

    stopped = page(viewer, "/")
    queue.is_down = True
    away = page(viewer, "/")

    assert verdict_of(stopped) == "No worker is running, so nothing is sent."
    assert stopped.count("No worker is running") == 1 and "flask --app wsgi webhooks worker" in stopped
    assert verdict_of(away).startswith("Redis does not answer.") and "<dd>not known</dd>" in away


def test_what_is_late_is_told_beside_the_verdict(viewer, all_runs, clock, make_delivery):
    make_delivery(status=Status.DELIVERED)
    make_delivery(due_at=clock() - 3 * HOUR)

    text = page(viewer, "/")

    assert "All 2 active listeners are delivering." in text and "Deliveries wait longer than a minute" in text
    assert "oldest due" in tiles(text)["Waiting now"][1]


def test_a_poll_is_empty_until_something_changes(viewer, all_runs, make_delivery, clock):
    make_delivery(status=Status.DELIVERED)
    known = re.search(r'hx-get="([^"]+)"', page(viewer, "/?range=1h"))[1].replace("&amp;", "&")
    assert "range=1h" in known

    assert viewer.get(known).status_code == 204
    clock.tick(2)
    assert viewer.get(known).status_code == 204
    make_delivery(status=Status.FAILED)
    answer = viewer.get(known)

    assert answer.status_code == 200 and "<html" not in answer.text
