"""Does the address of the log mean what it says, and say what it cannot mean?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict

from webhooks_app.storage.queries.deliveries import DeliveryFilter
from webhooks_app.web import delivery_filter

NOW = datetime(2026, 11, 22, 7, 31, tzinfo=UTC)
ID = "01a2051ac402700bacefbcacb43256da"


def read(*pairs, zone=UTC):
    return delivery_filter.read(MultiDict(pairs), now=NOW, zone=zone)


@pytest.mark.parametrize(
    "pair, wanted",
    [
        (("hook", "person"), {"hook": "person"}),
        (("listener", f"lsn_{ID}"), {"listener_id": ID}),
        (("event", f"evt_{ID}"), {"event_id": ID}),
        (("status", "failed"), {"status": ("failed",)}),
        (("status", "held,failed"), {"status": ("failed", "held")}),  # as the API writes two
        (("status", ","), {}),
        (("code", "500"), {"code": "500"}),
        (("code", "5XX"), {"code": "5XX"}),
        (("error_class", "dns_failure"), {"error_class": "dns_failure"}),
        (("error_class", "http_503"), {"error_class": "http_503"}),
        (("last", "24h"), {"since": NOW - timedelta(hours=24)}),
        (("until", "2026-11-22T07:00Z"), {"until": datetime(2026, 11, 22, 7, tzinfo=UTC)}),
        (("test", "1"), {"test": True}),
        (("test", "0"), {"test": False}),
        (("status", ""), {}),
        (("unknown", "x"), {}),
    ],
)
def test_each_part_narrows_the_log(pair, wanted):
    asked = read(pair)

    assert asked.wanted == DeliveryFilter(**wanted) and not asked.problems


@pytest.mark.parametrize(
    "name, value",
    [
        ("status", "nothing"),
        ("listener", f"evt_{ID}"),  # an id of another kind
        ("event", "8f2c"),
        ("code", "600"),
        ("code", "5\u0660\u0660"),  # digits, but not those of a status
        ("code", "5x"),
        ("error_class", "bad luck"),
        ("last", "1y"),
        ("since", "yesterday"),
        ("since", "0001-01-01T00:00+09:00"),  # before the first moment of UTC
        ("until", "9999-12-31T23:59-09:00"),  # after its last
        ("test", "yes"),
    ],
)
def test_a_part_that_cannot_be_meant_is_told_and_left_out(name, value):
    asked = read((name, value), ("hook", "person"))

    assert asked.wanted == DeliveryFilter(hook="person")
    assert list(asked.problems) == [name] and asked.args == (("hook", "person"),)


def test_a_status_that_is_known_counts_beside_one_that_is_not():
    asked = read(("status", "failed,lost"))

    assert asked.statuses == asked.wanted.status == ("failed",)
    assert asked.problems["status"].startswith('There is no status "lost".')


def test_a_moment_without_a_zone_is_the_readers():
    asked = read(("since", "2026-11-22T13:00"), zone=ZoneInfo("Asia/Kolkata"))

    assert asked.wanted.since == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


def test_the_later_of_two_beginnings_counts():
    asked = read(("last", "7d"), ("since", "2026-11-22T07:00Z"))

    assert asked.wanted.since == datetime(2026, 11, 22, 7, tzinfo=UTC)


def test_each_chip_leaves_the_other_parts():
    asked = read(("status", "failed"), ("listener", f"lsn_{ID}"), ("last", "1h"))

    chips = delivery_filter.chips(asked, listener_names={ID: "Shop"})

    assert [chip.text for chip in chips] == ["Failed", "Shop", "Last hour"]
    assert chips[1].rest == (("status", "failed"), ("last", "1h"))


def test_the_api_is_asked_with_moments_written_out():
    asked = read(("hook", "person"), ("last", "1h"))

    assert delivery_filter.api_args(asked) == (("hook", "person"), ("since", "2026-11-22T06:31:00Z"))
