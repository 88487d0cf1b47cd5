"""Do the pages say where a listener stands on the failure ladder, and what comes next?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.web.conftest import page, text_of
from webhooks_app.engine import Engine
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Listener

LAST = "the last: The receiver answered 500 Internal Server Error."
REASON = f"10 attempts in a row failed since 2026-03-02 08:50 UTC; {LAST}"
TOLD = f"10 attempts in a row failed since 2 Mar 08:50; {LAST}"


@pytest.fixture
def in_trouble(engine: Engine, make_listener) -> Callable[..., Listener]:
    """A listener that failed ten times since forty minutes ago; the columns are its health's."""

    def make(state: str = "failing", **columns: object) -> Listener:
        now = engine.clock()
        listener = make_listener(
            name="Old ERP", state=state, state_reason=REASON if state == "failing" else ""
        )
        known = {"failures": 10, "first_failure_at": now - timedelta(minutes=40), "last_failure_at": now}
        if state == "failing":
            known |= {"is_failing": True, "probe_at": now + timedelta(minutes=4)}
        with engine.sessions.begin() as session:
            session.add(ListenerHealth(listener_id=listener.id, **known | columns))
        return listener

    return make


def words(text: str) -> str:
    """A page's text without its tags, on one line."""
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


def address(listener: Listener, act: str = "") -> str:
    return f"/listeners/lsn_{listener.id}{act}"


def test_the_list_says_how_many_failures_since_when_and_when_the_next_probe_is(viewer, in_trouble):
    in_trouble()

    assert "10 failures since 2 Mar 08:50:00, next probe in 4 m" in words(page(viewer, "/listeners"))


def test_the_list_says_how_many_attempts_of_an_active_listener_failed_in_a_row(viewer, in_trouble):
    in_trouble("active", failures=1)

    text = words(page(viewer, "/listeners"))
    assert "Active1 failure since 2 Mar 08:50:00" in text
    assert "probe" not in text


def test_a_listeners_page_says_why_since_when_and_what_comes_next(operator, in_trouble):
    told = words(page(operator, address(in_trouble())))

    assert TOLD in told
    assert "Next probe in 4 m. Without a success" in told
    assert told.count("since 2 Mar 08:50") == 1
    assert (
        "Without a success it will be disabled 7 Mar 08:50:00, if 10 more attempts fail until then." in told
    )


def test_its_banner_resumes_with_one_click(operator, in_trouble, engine):
    listener = in_trouble()
    live = text_of(operator.get(address(listener, "/live")))
    assert f'action="{address(listener, "/resume")}"' in live

    operator.post(address(listener, "/resume"))

    with engine.sessions() as session:
        assert session.get_one(Listener, listener.id).state == "active"
        assert session.get(ListenerHealth, listener.id) is None


def test_who_may_only_read_sees_no_button(viewer, in_trouble):
    listener = in_trouble()

    assert "/resume" not in page(viewer, address(listener))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"probe_id": "0" * 32}, "A probe is under way."),
        ({"probe_at": None}, "Next probe."),  # between a failed probe and the next one's moment
        ({"failures": 25}, "Without a success it will be disabled 7 Mar 08:50:00."),
    ],
)
def test_what_comes_next_is_said_truthfully(viewer, in_trouble, columns, said):
    assert said in words(page(viewer, address(in_trouble(**columns))))


def test_a_probe_for_which_nothing_is_held_waits_for_the_next_event(viewer, in_trouble, clock):
    listener = in_trouble(probe_at=clock() - timedelta(minutes=3))

    assert "The next event is the probe." in words(page(viewer, address(listener)))


def test_an_active_listener_that_was_warned_says_when_it_will_be_disabled(viewer, in_trouble, clock):
    listener = in_trouble(
        "active", failures=30, warned_at=clock(), first_failure_at=clock() - timedelta(hours=72)
    )

    told = words(page(viewer, address(listener)))
    assert "No success for long" in told
    assert "it will be disabled 4 Mar 09:30:00." in told


def test_an_active_listener_with_a_failure_or_two_has_no_banner(viewer, in_trouble):
    text = page(viewer, address(in_trouble("active", failures=2)))

    assert "2 failures since" in words(text)
    assert "No success for long" not in text


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_one_that_stands_still_is_not_counted_on(viewer, in_trouble, state):
    assert "next probe" not in words(page(viewer, address(in_trouble(state))))


def test_a_poll_sees_that_a_probe_failed(viewer, in_trouble, engine):
    listener = in_trouble()
    revision = re.search(r"v=([0-9a-f]+)", text_of(viewer.get(address(listener, "/live"))))[1]
    with engine.sessions.begin() as session:
        session.get_one(ListenerHealth, listener.id).failures += 1

    assert viewer.get(address(listener, f"/live?v={revision}")).status_code == 200


def test_the_dashboard_says_the_reason_and_the_next_probe(viewer, in_trouble):
    in_trouble()

    told = words(page(viewer, "/"))
    assert "1 of 1 listener" in told or "The only listener is failing." in told
    assert TOLD in told
    assert "Next probe in 4 m" in told


def test_the_reason_is_told_in_the_readers_zone(viewer, in_trouble):
    listener = in_trouble()
    viewer.set_cookie("tz", "Asia/Kolkata")

    told = words(page(viewer, address(listener)))

    assert "failed since 2 Mar 14:20; the last:" in told and "08:50" not in told


def test_what_is_sent_next_to_a_failing_listener_is_the_probe(viewer, in_trouble, make_delivery):
    listener = in_trouble()
    for _ in range(8):
        make_delivery(listener=listener, status="held")

    told = words(page(viewer, address(listener)))

    assert "Next probein 4 m8 are held" in told and "Next send" not in told


def test_a_hooks_page_tells_of_trouble_as_the_list_does(viewer, in_trouble):
    in_trouble("active", failures=2)

    told = words(page(viewer, "/hooks/person"))

    assert "2 failures since 2 Mar 08:50:00" in told and "Old ERP http" in told
