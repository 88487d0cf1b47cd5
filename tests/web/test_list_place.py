"""Does a list say so when its address asks for a part that is not there, or for what it cannot mean?"""

import re

import pytest

from tests.web.conftest import page
from webhooks_app.storage.queries.page import Cursor
from webhooks_app.web import list_place
from webhooks_app.web.list_place import CUT_OFF

OLDER = Cursor(1000, "0" * 32).encode()
NEWER = Cursor(9_999_999_999_999, "f" * 32, newer=True).encode()
LISTS = ("/deliveries", "/events", "/audit")
EMPTY = "No deliveries yet|No events yet|Nothing was changed yet|Nothing matches|No event matches"


@pytest.mark.parametrize("args, problem", [({}, ""), ({"cursor": ""}, ""), ({"cursor": "bm9u"}, CUT_OFF)])
def test_an_address_without_a_place_asks_for_the_newest(args, problem):
    place = list_place.read(args)

    assert place.cursor is None and place.problem == problem


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("cursor, words", [(OLDER, "Nothing older"), (NEWER, "Nothing newer")])
def test_beyond_the_end_of_a_list_is_a_way_back(admin, make_delivery, cursor, words, url):
    make_delivery()

    text = page(admin, f"{url}?cursor={cursor}")

    assert words in text and f'href="{url}">Show the newest' in text
    assert not re.search(EMPTY, text) and "data-live=" not in text


def test_the_way_back_keeps_the_filter(admin, make_delivery):
    make_delivery(status="failed")

    text = page(admin, f"/deliveries?status=failed&cursor={OLDER}")

    assert 'href="/deliveries?status=failed">Show the newest' in text


@pytest.mark.parametrize("url", LISTS)
def test_a_place_that_was_cut_off_is_told(admin, make_delivery, url):
    make_delivery()

    assert f"<code>cursor</code>: {CUT_OFF}" in page(admin, f"{url}?cursor=bm9u")


@pytest.mark.parametrize(
    "url, name",
    [
        ("/deliveries?status=bogus", "status"),
        ("/deliveries?event=8f2c", "event"),
        ("/events?test=5", "test"),
        ("/events?last=1y", "last"),
    ],
)
def test_a_part_of_a_filter_that_cannot_be_meant_is_told(admin, make_delivery, url, name):
    make_delivery()

    text = page(admin, url)

    assert "Part of this address was left out." in text and f"<code>{name}</code>: " in text


def test_an_address_that_means_something_is_not_remarked_on(admin, make_delivery):
    make_delivery()

    assert not any("was left out" in page(admin, url) for url in LISTS)
