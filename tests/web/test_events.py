"""Does the page of an event say who got it, and who did not and why?"""

import re

import pytest

from tests.web.conftest import page

SCRIPT = "<script>alert(1)</script>"


def test_an_event_nobody_wanted_is_listed(viewer, make_event, clock):
    make_event(dispatched_at=clock())
    make_event()

    text = page(viewer, "/events")

    assert "no listener wanted it" in text and "Being matched" in text


def test_events_are_narrowed_by_hook_and_time(viewer, make_event):
    make_event(hook="order", payload={})
    make_event()

    narrowed = page(viewer, "/events?hook=order&last=1h&status=failed")

    assert len(re.findall(r'href="/events/evt_', narrowed)) == 1 and "Last hour" in narrowed
    assert "Failed" not in narrowed  # a delivery's status is not an event's


def test_no_event_is_lost_between_pages(viewer, make_event):
    made = {make_event().id for _ in range(30)}

    first = page(viewer, "/events")
    second = page(viewer, re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&"))

    seen = re.findall(r'href="/events/evt_(\w+)"', first + second)
    assert len(seen) == 30 and set(seen) == made


def test_every_listener_of_the_hook_is_there(operator, make_event, make_listener, make_delivery, clock):
    event = make_event(dispatched_at=clock())
    make_delivery(
        event=event, listener=make_listener(name="Gets it"), status="held", reason="The listener is paused."
    )
    make_listener(name="Does not", filter={"name": {"is": "Ann"}})

    text = page(operator, f"/events/evt_{event.id}")

    assert "Delivered to 0 of 1 listener that wanted it" in text and "The listener is paused." in text
    assert "Not matched: name is &#34;Ann&#34;" in text and "Got: <code>&#34;Joe&#34;</code>" in text


def test_who_got_it_counts_what_arrived_among_those_who_wanted_it(
    viewer, make_event, make_listener, make_delivery, clock
):
    event = make_event(dispatched_at=clock())
    for status in ("delivered", "delivered", "retrying", "held"):
        make_delivery(event=event, listener=make_listener(), status=status)
    make_listener(created_at=clock.tick(60))  # made after the event: it could not have wanted it

    assert "Delivered to 2 of 4 listeners that wanted it" in page(viewer, f"/events/evt_{event.id}")


def test_an_event_that_nobody_got_says_so(viewer, make_event, make_listener, clock):
    make_listener(filter={"name": {"is": "Ann"}})

    assert "No listener wanted it" in page(viewer, f"/events/evt_{make_event(dispatched_at=clock()).id}")
    assert "Being matched with its listeners" in page(viewer, f"/events/evt_{make_event().id}")


def test_an_event_has_one_short_id_wherever_it_is_named(operator, make_delivery):
    delivery = make_delivery()
    tail = f"#{delivery.event_id[-6:]}"

    for url in (
        "/events",
        f"/events/evt_{delivery.event_id}",
        "/deliveries",
        f"/deliveries/dlv_{delivery.id}",
    ):
        text = page(operator, url)

        assert tail in text and f"#{delivery.id[-6:]}" not in text


def test_an_event_of_a_hook_without_listeners_went_nowhere(viewer, make_event):
    assert "Nobody listens to person" in page(viewer, f"/events/evt_{make_event().id}")


def test_a_viewer_sees_no_payload(viewer, operator, make_event, make_listener, clock):
    event = make_event(
        payload={"name": "the payload"},
        changes={"name": {"old": "the old", "new": "x"}},
        dispatched_at=clock(),
    )
    make_listener(filter={"name": {"is": "Ann"}})

    text = page(viewer, f"/events/evt_{event.id}")

    assert "the payload" not in text and "the old" not in text and "1 argument" in text
    assert viewer.get(f"/events/evt_{event.id}/payload").status_code == 403
    assert b"the payload" in operator.get(f"/events/evt_{event.id}/payload").data


def test_hostile_text_stays_text(operator, make_event, make_listener, clock):
    event = make_event(
        payload={"name": SCRIPT},
        sender=SCRIPT,
        changes={SCRIPT: {"old": SCRIPT, "new": SCRIPT}},
        dispatched_at=clock(),
    )
    make_listener(name=SCRIPT, filter={"name": {"is": SCRIPT + "x"}})

    assert SCRIPT not in page(operator, f"/events/evt_{event.id}")
    assert SCRIPT not in page(operator, "/events")


def test_the_listeners_are_read_again_until_all_is_over(viewer, make_event, make_delivery, clock):
    event = make_event(dispatched_at=clock())
    delivery = make_delivery(event=event)
    text = page(viewer, f"/events/evt_{event.id}")
    revision = re.search(r"live\?v=(\w{16})", text)[1]

    assert viewer.get(f"/events/evt_{event.id}/live?v={revision}").status_code == 204
    assert delivery.id in page(viewer, f"/events/evt_{event.id}/live")
    over = make_delivery(status="delivered")
    assert "hx-trigger" not in page(viewer, f"/events/evt_{over.event_id}")


@pytest.mark.parametrize("path", ["", "/live", "/payload"])
def test_an_unknown_event_is_not_found(operator, path):
    assert operator.get(f"/events/evt_0{path}").status_code == 404


def test_a_payload_that_many_receivers_refuse_is_warned_of(operator, make_event):
    """Row 44 of the security plan: more than 20 KiB."""
    small, large = make_event(payload={"a": "x" * 20_000}), make_event(payload={"a": "x" * 20_500})

    assert "larger than 20 KiB" not in page(operator, f"/events/evt_{small.id}")
    assert "larger than 20 KiB" in page(operator, f"/events/evt_{large.id}")
