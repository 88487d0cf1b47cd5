"""Does the page of a delivery say what happened, and only to whom it may be shown?"""

import re
from datetime import timedelta

import pytest

from tests.web.conftest import page
from webhooks_app.engine.queue_facts import QueueWorker

SCRIPT = "<script>alert(1)</script>"


def address(delivery, **args):
    query = "&".join(f"{name}={value}" for name, value in args.items())
    return f"/deliveries/dlv_{delivery.id}?{query}"


@pytest.fixture
def failed(make_delivery, add_attempt):
    delivery = make_delivery(
        status="failed", attempt_count=2, tries=2, last_status_code=500, last_error_class="http_500"
    )
    for number in (1, 2):
        answer = {"status_code": 500, "error_class": "http_500", "response_body": b"attempt %d" % number}
        add_attempt(delivery, number=number, **answer)
    return delivery


def test_a_failure_is_explained_with_its_attempts(operator, failed):
    text = page(operator, address(failed))

    assert "Server error 500 on both attempts" in text and "Attempt 2" in text and "<svg" in text


def test_a_receiver_that_asks_for_little_is_told_that_it_gets_a_minute(operator, make_delivery, add_attempt):
    wrong = {"last_status_code": 429, "last_error_class": "http_429"}
    delivery = make_delivery(status="retrying", attempt_count=1, **wrong)
    add_attempt(delivery, status_code=429, error_class="http_429", response_headers=[["retry-after", "20"]])

    assert "20 s. After such an answer at least 1 m is waited all the same." in page(
        operator, address(delivery)
    )


@pytest.mark.parametrize(
    "tab, words",
    [
        ("response", "attempt 2"),
        ("request", "As a curl command"),
        ("event", "Joe"),
        ("match", "all events"),
        ("nonsense", "attempt 2"),  # what was answered of the last attempt
    ],
)
def test_each_tab_has_an_address(operator, failed, tab, words):
    assert words in page(operator, address(failed, tab=tab))


def test_an_earlier_attempt_has_an_address_too(operator, failed):
    assert "attempt 1" in page(operator, address(failed, attempt=1))


@pytest.mark.parametrize("tab", ["response", "request", "event", "match"])
def test_a_viewer_sees_no_body(viewer, make_listener, make_event, make_delivery, add_attempt, tab):
    listener = make_listener(filter={"name": {"is": "Joe"}})
    delivery = make_delivery(
        event=make_event(payload={"name": "the payload"}, changes={"name": {"old": "the payload", "new": "x"}}),
        listener=listener, status="failed",
    )  # fmt: skip
    add_attempt(delivery, status_code=500, response_body=b"what was answered")

    text = page(viewer, address(delivery, tab=tab))

    assert "the payload" not in text and "what was answered" not in text


def test_a_viewer_gets_no_body_as_a_file(viewer, operator, failed):
    for side in ("request", "response"):
        path = f"/deliveries/dlv_{failed.id}/attempts/1/{side}"

        assert viewer.get(path).status_code == 403
        assert operator.get(path).headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_file_of_a_request_is_what_was_sent(operator, make_event, make_delivery, add_attempt):
    delivery = make_delivery(event=make_event(payload={"name": "Joe", "n": 1.0}), status="delivered")
    add_attempt(delivery, body_format="standard")

    sent = operator.get(f"/deliveries/dlv_{delivery.id}/attempts/1/request").get_data(as_text=True)

    assert sent == '{"type":"person","timestamp":"2026-03-02T09:30:00.000Z","data":{"name":"Joe","n":1.0}}'


@pytest.mark.parametrize("tab", ["response", "request", "event", "match"])
def test_hostile_text_stays_text(operator, make_listener, make_event, make_delivery, add_attempt, tab):
    listener = make_listener(name=SCRIPT, filter={"name": {"is": SCRIPT}})
    event = make_event(
        payload={"name": SCRIPT}, sender=SCRIPT, changes={"name": {"old": SCRIPT, "new": SCRIPT}}
    )
    delivery = make_delivery(event=event, listener=listener, status="failed", last_error_class="http_302")
    add_attempt(
        delivery, status_code=302, error_class="http_302", error=SCRIPT, response_body=SCRIPT.encode(),
        response_headers=[["location", "javascript:alert(1)"], [SCRIPT, SCRIPT]],
        request_headers=[["x-own", SCRIPT]],
    )  # fmt: skip

    text = page(operator, address(delivery, tab=tab))

    assert SCRIPT not in text and not re.search(r'href="?javascript', text)


def test_hidden_headers_stay_hidden_in_the_curl_command(operator, make_delivery, add_attempt):
    delivery = make_delivery(status="failed")
    add_attempt(delivery, request_headers=[["authorization", "(hidden)"], ["x-quote", "it's"]])

    text = page(operator, address(delivery, tab="request"))

    assert "may hold credentials" in text and "x-quote: it" in text and "--data-raw" in text


@pytest.mark.parametrize(
    "status, due_in, tries, words",
    [
        ("failed", 0, 9, "no other follows by itself"),
        ("cancelled", 0, 1, "the automatic schedule goes on"),
        ("held", 0, 0, "Sends attempt 1 at once"),
        ("retrying", 60, 1, "the automatic schedule goes on"),
        ("delivered", 0, 1, None),
        ("sending", 0, 0, None),
        ("pending", 0, 0, None),  # it is already on its way to a worker
    ],
)
def test_retry_is_offered_with_its_consequence(operator, clock, make_delivery, status, due_in, tries, words):
    delivery = make_delivery(
        status=status, tries=tries, attempt_count=tries, due_at=clock() + timedelta(seconds=due_in)
    )

    text = page(operator, address(delivery))

    assert ("Retry now" in text) == (words is not None) and (words or "") in text


def test_retry_says_that_the_listener_is_paused_and_what_follows_from_it(
    operator, make_listener, make_delivery
):
    delivery = make_delivery(
        listener=make_listener(state="paused"), status="held", reason="The listener is paused."
    )

    text = page(operator, address(delivery))

    assert "Retry now" in text and "Resume the listener" in text
    assert "Sends attempt 1 at once, although the listener is paused; what follows is held." in text


def test_a_viewer_is_offered_nothing_and_may_do_nothing(viewer, failed):
    assert "Retry now" not in page(viewer, address(failed))
    for act in ("retry", "cancel"):
        assert viewer.post(f"/deliveries/dlv_{failed.id}/{act}").status_code == 403


def test_a_retry_says_which_attempt_waits(operator, failed, read_delivery):
    answer = operator.post(f"/deliveries/dlv_{failed.id}/retry", follow_redirects=True)

    assert "Attempt 3 is waiting for a worker." in answer.get_data(as_text=True)
    assert read_delivery(failed).status == "retrying"


@pytest.mark.parametrize(
    "status, act, words",
    [
        ("delivered", "retry", "Use replay"),
        ("sending", "retry", "being sent just now"),
        ("delivered", "cancel", "has ended"),
    ],
)
def test_what_cannot_be_done_is_said(operator, make_delivery, status, act, words):
    answer = operator.post(f"/deliveries/dlv_{make_delivery(status=status).id}/{act}", follow_redirects=True)

    assert words in answer.get_data(as_text=True)


def test_a_pending_one_says_what_it_waits_for(operator, queue, make_delivery):
    delivery = make_delivery()

    nobody = page(operator, address(delivery))
    queue.seen_workers = [QueueWorker("w1", "deliveries", "idle")]
    alone = page(operator, address(delivery))
    queue.push([["a"], ["b"]])
    somebody = page(operator, address(delivery))
    queue.is_down = True
    away = page(operator, address(delivery))

    assert "No worker is running" in nobody and "webhooks worker" in nobody
    assert "Waiting for a worker to take it." in alone and "0 jobs" not in alone
    assert "the queue holds 2 jobs" in somebody and "Redis does not answer" in away


def test_the_page_is_live_until_the_delivery_has_ended(operator, make_delivery):
    waiting, ended = make_delivery(), make_delivery(status="delivered")
    text = page(operator, address(waiting))
    revision = re.search(r"live\?v=(\w{16})", text)[1]

    assert operator.get(f"/deliveries/dlv_{waiting.id}/live?v={revision}").status_code == 204
    assert "hx-trigger" in page(operator, f"/deliveries/dlv_{waiting.id}/live?v=old")
    assert "hx-trigger" not in page(operator, address(ended))


@pytest.mark.parametrize("row_id", ["dlv_0", "evt_" + "0" * 32, "dlv_" + "0" * 32])
def test_an_unknown_delivery_is_not_found(operator, row_id):
    for path in ("", "/live", "/attempts/1/request"):
        assert operator.get(f"/deliveries/{row_id}{path}").status_code == 404
    for act in ("retry", "cancel"):
        assert operator.post(f"/deliveries/{row_id}/{act}").status_code == 404


def test_an_attempt_without_an_answer_is_shown(operator, make_delivery, add_attempt):
    delivery = make_delivery(status="retrying", last_error_class="worker_lost", attempt_count=1)
    add_attempt(
        delivery, status_code=None, error_class="worker_lost", error="The worker was lost.", duration_ms=None,
        timings=None, ip=None, request_headers=None, response_headers=None, response_body=None,
    )  # fmt: skip

    for tab in ("response", "request"):
        assert "Worker lost" in page(operator, address(delivery, tab=tab))


def test_the_addresses_that_were_passed_over_are_shown(viewer, make_delivery, add_attempt):
    delivery = make_delivery(status="delivered", attempt_count=1)
    add_attempt(delivery, skipped_ips=["10.0.0.1", "192.168.0.7"])

    assert "not tried, because not public: 10.0.0.1, 192.168.0.7" in page(viewer, address(delivery))


def test_what_retention_has_deleted_is_said_where_it_stood(operator, make_delivery, add_attempt):
    delivery = make_delivery(status="delivered", attempt_count=1)
    add_attempt(delivery, number=1, request_headers=None, response_headers=None, response_body=None)

    for tab in ("response", "request"):
        text = page(operator, address(delivery, tab=tab))
        assert "What was sent and answered is kept for 7 days, and was deleted after that." in text
        assert "had no body" not in text and "curl" not in text
    assert operator.get(f"/deliveries/dlv_{delivery.id}/attempts/1/request").status_code == 404


def test_the_small_print_says_until_when_it_is_kept(operator, make_delivery):
    assert "Kept until" in page(operator, address(make_delivery(status="failed")))
    assert "Kept until" not in page(operator, address(make_delivery(status="held")))


def test_the_small_print_comes_along_with_what_changed(viewer, engine, make_delivery, add_attempt):
    delivery = make_delivery()
    before = page(viewer, address(delivery, tab="event"))
    known = re.search(r'hx-get="([^"]+)"', before)[1].replace("&amp;", "&")
    assert "not yet" in before

    with engine.sessions.begin() as session:
        stored = session.get_one(type(delivery), delivery.id)
        stored.status, stored.attempt_count, stored.finished_at = "delivered", 1, engine.clock()
    add_attempt(delivery, worker="w1.host-7")
    live = page(viewer, known)

    assert 'id="small-print" hx-swap-oob="true"' in live and "not yet" not in live and "w1.host-7" in live


@pytest.mark.parametrize("tab, comes", [("response", True), ("request", True), ("event", False), ("", False)])
def test_a_tab_is_renewed_only_while_it_has_nothing_to_show(operator, make_delivery, add_attempt, tab, comes):
    delivery = make_delivery()
    if not tab:
        add_attempt(delivery, number=1)  # then there is something that may just be read
    before = page(operator, address(delivery, tab=tab))
    known = re.search(r'hx-get="([^"]+)"', before)[1].replace("&amp;", "&").partition("v=")
    asked = known[0] + known[2].partition("&")[2]

    add_attempt(delivery, number=2, response_body=b"what was answered")
    live = page(operator, asked)

    assert ('id="what" hx-swap-oob="true"' in live) is comes
