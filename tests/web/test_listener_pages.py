"""What does a listener's page show, and what can be done there?"""

import re

import pytest

from tests.web.conftest import page, text_of
from webhooks_app.storage.models import Delivery, Listener, Status


def address(listener, act=""):
    return f"/listeners/lsn_{listener.id}{act}"


@pytest.fixture
def stored(engine):
    """A row as it stands in the database now."""

    def read(row):
        with engine.sessions() as session:
            return session.get_one(type(row), row.id)

    return read


def test_the_list_tells_all_events_from_some(viewer, make_listener):
    make_listener(name="Audit")
    make_listener(name="Mailer", filter={"name": {"is": "Joe"}})

    text = page(viewer, "/listeners")

    assert "All events" in text
    assert "name is &#34;Joe&#34;" in text


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["Audit", "Mailer"]),
        ("?state=paused", ["Mailer"]),
        ("?hook=order", []),
        ("?text=AUD", ["Audit"]),
        ("?text=%25", []),  # a percent sign is looked for as itself
    ],
)
def test_the_list_is_narrowed_by_its_address(viewer, make_listener, asked, names):
    make_listener(name="Audit")
    make_listener(name="Mailer", state="paused")

    text = page(viewer, f"/listeners{asked}")

    assert sorted(re.findall(r'class="main"><a href="[^"]+">(\w+)</a>', text)) == names


def test_a_long_list_is_cut_into_pages_that_lose_nobody(viewer, make_listener):
    for number in range(60):
        make_listener(name=f"N{number:02}")
    found, url = [], "/listeners"

    while url:
        text = page(viewer, url)
        found += re.findall(r">(N\d\d)</a>", text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        url = older[1].replace("&amp;", "&") if older else None

    assert sorted(found) == [f"N{number:02}" for number in range(60)]


def test_a_made_up_cursor_is_refused(viewer):
    assert viewer.get("/listeners?cursor=x").status_code == 400


def test_without_listeners_the_list_says_what_one_is(viewer):
    assert "Nobody listens yet" in page(viewer, "/listeners")


@pytest.mark.parametrize("shown_id", ["lsn_0", "lsn_" + "0" * 32, "evt_1", "x"])
def test_an_unknown_listener_is_a_page(viewer, shown_id):
    assert viewer.get(f"/listeners/{shown_id}").status_code == 404


def test_a_page_shows_only_the_end_of_the_secret(admin, make_listener):
    secret = "whsec_" + "A" * 40 + "wxy="

    text = page(admin, address(make_listener(secret=secret)))

    assert "whsec_…wxy=" in text
    assert secret not in text


def test_a_page_never_shows_own_headers(admin, make_listener):
    text = page(admin, address(make_listener(headers={"authorization": "Bearer my-token"})))

    assert '<code>authorization</code>: <span class="muted">hidden</span>' in text
    assert "my-token" not in text


@pytest.mark.parametrize("state", ["paused", "failing", "disabled"])
def test_a_state_other_than_active_has_its_banner(viewer, make_listener, state):
    text = page(viewer, address(make_listener(state=state, state_reason="Ten failures.")))

    assert "Ten failures." in text


@pytest.mark.parametrize("state", ["paused", "failing", "disabled"])
def test_the_state_comes_before_what_else_is_to_be_said(viewer, make_listener, state):
    text = page(viewer, address(make_listener(state=state, state_reason="Ten failures.")))

    assert (
        text.index("Ten failures.") < text.index("anyone on the way can read") < text.index("<h2>Gets</h2>")
    )


def test_what_is_tried_again_is_not_said_to_be_unsent(viewer, make_listener, make_delivery):
    listener = make_listener()
    make_delivery(listener=listener, status="retrying", attempt_count=1, last_error_class="deadline")

    for url in ("/listeners", "/hooks/person", address(listener)):
        text = page(viewer, url)
        assert "none ended yet, 1 retrying" in text and "nothing sent" not in text, url


def test_a_listener_that_was_never_sent_to_is_said_to_be_so(viewer, make_listener):
    make_listener()

    assert "nothing sent yet" in page(viewer, "/listeners")


def test_what_is_held_is_not_said_to_be_nothing(viewer, make_listener, make_delivery):
    listener = make_listener(state="paused")
    make_delivery(listener=listener, status="held")

    text = page(viewer, address(listener))

    assert "1 is held" in text and "nothing is waiting" not in text


def test_http_is_warned_of_and_https_is_not(viewer, make_listener):
    sentence = "anyone on the way can read what is sent"

    assert sentence in page(viewer, address(make_listener(url="http://127.0.0.1:9/x")))
    assert sentence not in page(viewer, address(make_listener(url="https://example.com/x")))


def test_a_listener_of_an_unregistered_hook_still_has_its_page(operator, make_listener):
    assert "is not registered" in page(operator, address(make_listener(hook="long.gone")))


def test_a_filter_that_cannot_be_read_is_said_so(operator, make_listener):
    listener = make_listener(filter={"name": {"nonsense": 1}})

    assert "cannot be read" in page(operator, address(listener))
    assert "cannot be read" in page(operator, "/listeners")
    assert "Mend it below" in page(operator, address(listener, "/edit"))


def test_pausing_holds_and_resuming_frees(operator, stored, make_listener, make_delivery):
    listener = make_listener()
    delivery = make_delivery(listener=listener)

    operator.post(address(listener, "/pause"))
    assert (stored(listener).state, stored(delivery).status) == ("paused", Status.HELD)

    answer = operator.post(address(listener, "/resume"), follow_redirects=True)
    assert (stored(listener).state, stored(delivery).status) == ("active", Status.PENDING)
    assert "Resumed" in answer.text


def test_a_test_is_queued_and_leads_to_its_delivery(operator, queue, make_listener):
    answer = operator.post(address(make_listener(), "/test"), follow_redirects=True)

    assert f'href="/deliveries/dlv_{queue.pushed_ids[0]}"' in answer.text


def test_a_new_secret_is_shown_once(operator, make_listener):
    listener = make_listener()
    operator.post(address(listener, "/rotate-secret"))

    secret = re.search(r'id="secret-value">(whsec_[^<]+)<', page(operator, address(listener)))[1]

    assert secret not in page(operator, address(listener))


def test_a_copied_cookie_does_not_show_it_again(operator, app, make_listener):
    listener = make_listener()
    copied = operator.post(address(listener, "/rotate-secret")).headers["Set-Cookie"].partition(";")[0]
    thief = app.test_client(use_cookies=False)

    first, second = (page(thief, address(listener), headers={"Cookie": copied}) for _ in range(2))

    assert "secret-value" in first and "secret-value" not in second


def test_a_new_secret_is_not_in_the_cookie(operator, make_listener):
    listener = make_listener()

    cookie = operator.post(address(listener, "/rotate-secret")).headers["Set-Cookie"]

    secret = re.search(r'id="secret-value">(whsec_[^<]+)<', page(operator, address(listener)))[1]
    with operator.session_transaction() as session:
        assert "shown_once" not in session
    assert secret not in cookie


def test_a_new_secret_is_shown_on_its_own_page_only(operator, make_listener):
    listener, other = make_listener(), make_listener()
    operator.post(address(listener, "/rotate-secret"))

    assert "secret-value" not in page(operator, address(other))


def test_a_secret_that_nobody_looked_at_is_gone_after_five_minutes(operator, make_listener, clock):
    listener = make_listener()
    operator.post(address(listener, "/rotate-secret"))
    clock.tick(301)

    assert "secret-value" not in page(operator, address(listener))


def test_deleting_asks_first_and_says_what_is_lost(operator, stored, make_listener, make_delivery):
    listener = make_listener()
    make_delivery(listener=listener)

    text = page(operator, address(listener, "/delete"))

    assert "1 waiting delivery is cancelled" in text
    assert text.index("Cancel</a>") < text.index("Delete the listener")  # the first gets the focus
    assert stored(listener).deleted_at is None


def test_deleting_keeps_the_deliveries(operator, stored, make_listener, make_delivery):
    listener = make_listener()
    delivery = make_delivery(listener=listener)

    operator.post(address(listener, "/delete"))

    assert isinstance(stored(listener), Listener)
    assert isinstance(stored(delivery), Delivery)
    assert "was deleted" in page(operator, address(listener))
    assert operator.get(address(listener, "/edit")).status_code == 404
    assert operator.post(address(listener, "/pause")).status_code == 404


def test_a_deleted_listener_is_told_in_the_past_and_without_its_secret(operator, make_listener):
    secret = "whsec_" + "A" * 40 + "wxy="
    listener = make_listener(secret=secret, url="http://127.0.0.1:9/x")
    operator.post(address(listener, "/delete"))

    text = page(operator, address(listener))

    assert "Forgotten when the listener was deleted." in text and "wxy=" not in text
    assert "<h2>Got, until it was deleted</h2>" in text and "because it had no filter" in text
    assert "Disabled" not in text and "</svg>Deleted</span>" in text
    assert "anyone on the way can read" not in text  # nothing is on its way any more
    assert "Next send" not in text and "sent yet" not in text


def test_the_last_deliveries_are_told_as_in_the_log(viewer, make_listener, make_delivery, add_attempt):
    listener = make_listener()
    gone = {"last_status_code": 410, "last_error_class": "http_410", "attempt_count": 1}
    add_attempt(make_delivery(listener=listener, status="failed", **gone), status_code=410, duration_ms=0.2)

    for url in ("/deliveries", address(listener)):
        text = page(viewer, url)
        assert "410 · 0 ms" in text and "1/10" in text, url


def test_waits_are_written_as_they_are_typed(viewer, make_listener):
    text = page(viewer, address(make_listener(retry_schedule="90,90m,1d")))

    assert "waiting 90s, 90m, 24h" in text


def test_a_poll_answers_204_until_something_changes(viewer, make_listener, make_delivery):
    listener = make_listener()
    first = viewer.get(address(listener, "/live"))
    revision = re.search(r"v=([0-9a-f]+)", text_of(first))[1]

    assert viewer.get(address(listener, f"/live?v={revision}")).status_code == 204

    make_delivery(listener=listener)
    assert viewer.get(address(listener, f"/live?v={revision}")).status_code == 200


def test_the_history_says_what_was_done(operator, make_listener):
    listener = make_listener()
    operator.post(address(listener, "/pause"))

    assert 'Paused <span class="muted">by operator@example.com</span>' in page(operator, address(listener))
