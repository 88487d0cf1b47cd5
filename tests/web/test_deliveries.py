"""Does the log show every delivery, and hide none between its pages?"""

import re
from datetime import timedelta

import pytest

from tests.web.conftest import page
from webhooks_app.storage.ids import shown
from webhooks_app.storage.models import Status


def ids_in(text):
    return re.findall(r'<tr id="dlv_(\w+)"', text)


def test_an_empty_log_says_how_to_begin(viewer):
    assert "No deliveries yet" in page(viewer, "/deliveries")


def test_a_filter_without_matches_says_so_and_can_be_cleared(viewer, make_delivery):
    make_delivery()

    text = page(viewer, "/deliveries?status=failed")

    assert "Nothing matches this filter" in text and 'class="chip" href="/deliveries"' in text


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_shown_by_its_word(viewer, make_delivery, status):
    make_delivery(status=status)

    assert f"</svg>{status.capitalize()}</span>" in page(viewer, "/deliveries")


def test_rows_of_one_moment_are_neither_lost_nor_doubled_between_pages(viewer, make_delivery, make_listener):
    listener = make_listener()
    made = {make_delivery(listener=listener).id for _ in range(30)}

    first = page(viewer, "/deliveries")
    make_delivery(listener=listener)  # comes in while the reader reads
    older = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = page(viewer, older)

    seen = ids_in(first) + ids_in(second)
    assert len(seen) == 30 and set(seen) == made


def test_the_count_is_of_what_is_filtered(viewer, make_delivery):
    for status in ("failed", "failed", "delivered"):
        make_delivery(status=status)

    assert "2 deliveries" in page(viewer, "/deliveries?status=failed")


def test_a_row_says_code_and_time_or_why_there_was_no_answer(viewer, make_delivery, add_attempt):
    answered = make_delivery(status="failed", last_status_code=500, last_error_class="http_500")
    add_attempt(answered, status_code=500, duration_ms=363.0)
    make_delivery(status="failed", last_error_class="dns_failure")

    text = page(viewer, "/deliveries")

    assert "500 · 363 ms" in text and "DNS failure" in text


def test_what_is_wrong_with_the_filter_stands_beside_its_field(viewer, make_delivery):
    make_delivery()

    text = page(viewer, "/deliveries?code=9xx")

    assert 'id="filter-code-error"' in text and 'value="9xx"' in text and 'aria-invalid="true"' in text


def test_a_cursor_that_was_cut_off_shows_the_beginning(viewer, make_delivery):
    delivery = make_delivery()

    assert ids_in(page(viewer, "/deliveries?cursor=bm9u")) == [delivery.id]


def test_rows_are_sent_again_only_when_they_changed(viewer, make_delivery):
    make_delivery()
    revision = re.search(r"v=(\w{16})", page(viewer, "/deliveries"))[1]

    at_rest = viewer.get(f"/deliveries/rows?v={revision}")
    make_delivery()
    changed = viewer.get(f"/deliveries/rows?v={revision}")

    assert at_rest.status_code == 204 and not at_rest.data
    assert changed.status_code == 200 and len(ids_in(changed.get_data(as_text=True))) == 2


def test_an_older_page_does_not_move_by_itself(viewer, make_delivery, make_listener):
    listener = make_listener()
    for _ in range(30):
        make_delivery(listener=listener)
    older = re.search(r'rel="next" href="([^"]+)"', page(viewer, "/deliveries"))[1]

    assert "data-live=" not in page(viewer, older.replace("&amp;", "&"))


def test_the_api_is_asked_for_the_same(viewer, make_listener):
    listener = make_listener()

    text = page(viewer, f"/deliveries?status=failed&listener={shown('lsn', listener.id)}&code=5xx")

    assert f"/api/v1/deliveries?status=failed&amp;listener=lsn_{listener.id}&amp;code=5xx" in text


def test_a_listener_that_is_deleted_is_still_named_in_the_filter(viewer, make_listener, clock):
    listener = make_listener(name="Gone", deleted_at=clock())

    assert "Gone" in page(viewer, f"/deliveries?listener=lsn_{listener.id}")
    assert "Gone" not in page(viewer, "/deliveries")


def test_only_who_operates_can_tick_and_retry(viewer, operator, make_delivery):
    delivery = make_delivery(status="failed")

    assert 'type="checkbox" name="id"' not in page(viewer, "/deliveries")
    assert 'type="checkbox" name="id"' in page(operator, "/deliveries")
    assert viewer.post("/deliveries/retry", data={"id": f"dlv_{delivery.id}"}).status_code == 403


def test_what_was_ticked_is_retried_and_the_filter_kept(operator, make_delivery, read_delivery):
    failed, delivered = make_delivery(status="failed"), make_delivery(status="delivered")
    chosen = {"id": [shown("dlv", failed.id), shown("dlv", delivered.id)], "back": "status=failed"}

    answer = operator.post("/deliveries/retry", data=chosen)

    assert answer.location == "/deliveries?status=failed"
    assert read_delivery(failed).status == "pending" and read_delivery(delivered).status == "delivered"
    told = page(operator, answer.location)
    assert "1 delivery is waiting for a worker. 1 delivery could not be retried: This delivery was" in told


@pytest.mark.parametrize("state", ["failing", "paused", "disabled"])
def test_what_was_ticked_is_sent_although_its_listener_stands_still(
    operator, make_listener, make_delivery, read_delivery, state
):
    held = make_delivery(listener=make_listener(state=state), status="held", reason="The listener is held.")

    told = page(operator, operator.post("/deliveries/retry", data={"id": shown("dlv", held.id)}).location)

    assert "1 delivery is waiting for a worker." in told
    assert read_delivery(held).status == "pending"


def test_more_than_a_thousand_are_refused_and_not_cut(operator, make_delivery, read_delivery):
    failed = make_delivery(status="failed")
    chosen = [shown("dlv", failed.id), *(shown("dlv", f"{number:032x}") for number in range(1000))]

    told = page(operator, operator.post("/deliveries/retry", data={"id": chosen}).location)

    assert "At most 1,000 deliveries can be retried at once; 1,001 were chosen." in told
    assert read_delivery(failed).status == "failed"


def test_nothing_ticked_is_said_so(operator):
    answer = operator.post("/deliveries/retry")

    assert "Nothing was selected." in page(operator, answer.location)


def test_where_none_can_be_retried_only_the_reasons_are_told(operator, make_delivery):
    chosen = [shown("dlv", make_delivery(status="delivered").id) for _ in range(2)]

    told = page(operator, operator.post("/deliveries/retry", data={"id": [*chosen, "dlv_x"]}).location)

    assert "2 deliveries could not be retried: This delivery was delivered. Use replay" in told
    assert "1 delivery could not be retried: There is no such delivery." in told
    assert "waiting for a worker" not in told


@pytest.mark.parametrize("back", ["a\r\nSet-Cookie: x=1", "\\evil", "#x", " "])
def test_the_way_back_leads_only_to_the_log(operator, make_delivery, back):
    answer = operator.post("/deliveries/retry", data={"id": f"dlv_{make_delivery().id}", "back": back})

    assert answer.location == "/deliveries"


def test_times_are_narrowed_by_the_engines_clock(viewer, clock, make_delivery):
    make_delivery(created_at=clock() - timedelta(hours=2))
    recent = make_delivery()

    assert ids_in(page(viewer, "/deliveries?last=1h")) == [recent.id]
