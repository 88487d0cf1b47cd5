"""Is the log of deliveries shown, and is what did not arrive sent again, from the command line?"""

import json
import re

import pytest

from webhooks_app.storage import ids
from webhooks_app.storage.models import Attempt, Delivery, Status


def shown(delivery):
    return ids.shown(ids.DELIVERY, delivery.id)


def test_list_is_empty_then_newest_first(run, make_delivery, make_listener, clock):
    assert run("deliveries", "list").stdout == "There are no such deliveries.\n"
    listener = make_listener(name="The shop")
    make_delivery(listener=listener, status=Status.DELIVERED, attempt_count=2, last_status_code=200)
    clock.tick(60)
    make_delivery(listener=listener, status=Status.FAILED, attempt_count=9, last_error_class="dns_failure")

    lines = run("deliveries", "list").stdout.splitlines()

    assert lines[0].split() == ["ID", "HOOK", "LISTENER", "STATUS", "ATTEMPTS", "ANSWER", "CREATED"]
    assert re.search(r"person +The shop +failed +9 +dns_failure +2026-03-02 09:31:00Z", lines[1])
    assert re.search(r"person +The shop +delivered +2 +200 +2026-03-02 09:30:00Z", lines[2])


def test_a_long_name_is_cut_and_pushes_no_row_apart(run, make_delivery, make_listener):
    make_delivery(listener=make_listener(name="n" * 200))
    make_delivery(listener=make_listener(name="Shop"))

    lines = run("deliveries", "list").stdout.splitlines()

    assert f"  {'n' * 39}…  " in lines[2]
    assert max(map(len, lines)) < 150


def test_what_somebody_wrote_cannot_act_on_the_terminal(run, make_delivery, make_listener):
    """Row 71 of the security plan."""
    make_delivery(listener=make_listener(name="\x1b[2Jgone\u202e\nforged", url="http://a.example.com/"))

    text = run("deliveries", "list").stdout

    assert "\\u001b[2Jgone\\u202e\\u000aforged" in text
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ((), 3),
        (("--status", "failed"), 1),
        (("--status", "failed", "--status", "held"), 2),
        (("--hook", "order"), 0),
        (("--code", "5xx"), 1),
        (("--limit", "2"), 2),
    ],
)
def test_list_is_narrowed(run, make_delivery, words, count):
    make_delivery(status=Status.FAILED, last_status_code=503)
    make_delivery(status=Status.HELD)
    make_delivery(status=Status.DELIVERED, last_status_code=200)

    assert len(json.loads(run("deliveries", "list", *words, "--json").stdout)["data"]) == count


def test_list_goes_on_where_it_ended(run, make_delivery):
    made = {shown(make_delivery()) for _ in range(3)}

    first = json.loads(run("deliveries", "list", "--limit", "2", "--json").stdout)
    second = json.loads(run("deliveries", "list", "--cursor", first["next"], "--json").stdout)

    assert {one["id"] for one in first["data"] + second["data"]} == made
    assert second["next"] is None
    assert f"More: --cursor {first['next']}" in run("deliveries", "list", "--limit", "2").stdout


def test_list_as_json_has_the_shape_of_the_api(run, make_delivery):
    delivery = make_delivery(status=Status.RETRYING, reason="The receiver answered 503.", attempt_count=1)

    (document,) = json.loads(run("deliveries", "list", "--json").stdout)["data"]

    assert document == {
        "id": shown(delivery),
        "event_id": ids.shown(ids.EVENT, delivery.event_id),
        "hook": "person",
        "listener_id": ids.shown(ids.LISTENER, delivery.listener_id),
        "status": "retrying",
        "reason": "The receiver answered 503.",
        "attempt_count": 1,
        "next_attempt_at": "2026-03-02T09:30:00.000Z",
        "replay": False,
        "test": False,
        "created_at": "2026-03-02T09:30:00.000Z",
        "finished_at": None,
    }


def test_show_tells_the_story_of_one(run, engine, make_delivery, clock):
    delivery = make_delivery(status=Status.RETRYING, reason="The receiver answered 503.", attempt_count=1)
    with engine.sessions.begin() as session:
        session.add(
            Attempt(
                delivery_id=delivery.id,
                number=1,
                started_at=clock(),
                duration_ms=12.4,
                status_code=503,
                error="The receiver answered 503.",
                response_body=b"\x1b[31mno",
            )
        )

    text = run("deliveries", "show", shown(delivery)).stdout
    document = json.loads(run("deliveries", "show", shown(delivery), "--json").stdout)

    assert f"{shown(delivery)} is retrying. The receiver answered 503." in text
    assert "Next:     2026-03-02 09:30:00Z" in text
    assert re.search(r"1 +2026-03-02 09:30:00Z +12 ms +503 +The receiver answered 503.", text)
    assert document["attempts"][0]["response"]["body"] == "\x1b[31mno"
    assert document["attempts"][0]["number"] == 1


def test_show_of_an_unknown_one_is_refused_in_one_line(refused):
    assert refused("deliveries", "show", "dlv_" + "0" * 32) == f"There is no delivery dlv_{'0' * 32}."


def test_retry_reopens_what_ended(run, engine, make_delivery):
    failed = make_delivery(status=Status.FAILED)

    result = run("deliveries", "retry", shown(failed))

    assert (result.exit_code, result.stdout) == (0, f"{shown(failed)} is sent again.\n")
    with engine.sessions() as session:
        assert session.get_one(Delivery, failed.id).status in (Status.PENDING, Status.RETRYING)


@pytest.mark.parametrize("state", ["failing", "paused", "disabled"])
def test_retry_sends_what_is_held_whatever_holds_it(run, make_listener, make_delivery, state):
    held = make_delivery(listener=make_listener(state=state), status=Status.HELD)

    assert run("deliveries", "retry", shown(held)).stdout == f"{shown(held)} is sent again.\n"


def test_retry_of_several_says_which_it_could_not(run, make_delivery):
    delivered, failed = make_delivery(status=Status.DELIVERED), make_delivery(status=Status.FAILED)

    result = run("deliveries", "retry", shown(delivered), shown(failed))

    assert result.exit_code == 1
    assert result.stdout == f"{shown(failed)} is sent again.\n"
    assert result.stderr.startswith(f"Error: {shown(delivered)}: This delivery was delivered.")
    assert result.stderr.count("\n") == 1


def test_retry_of_more_than_a_thousand_is_refused(refused, engine, make_delivery):
    failed = make_delivery(status=Status.FAILED)

    line = refused("deliveries", "retry", shown(failed), *(f"dlv_{number:032x}" for number in range(1000)))

    assert line == "id: At most 1,000 deliveries can be retried at once; 1,001 were chosen."
    with engine.sessions() as session:
        assert session.get_one(Delivery, failed.id).status == Status.FAILED
