"""Does a browser run, load or follow anything that foreign text asks for? Rows 52 and 53 of the security plan.

A dialog, or a word of the browser about the content security policy, fails each of these tests by itself.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.api import Api
from tests.patience import PATIENCE, wait_until
from tests.stack import Stack
from tests.web.test_hostile_text import HOSTILE

pytestmark = pytest.mark.deep


@pytest.fixture
def elsewhere(page: Page, stack: Stack):
    """The addresses outside that the page has asked for."""
    asked: list[str] = []
    page.on(
        "request", lambda one: None if one.url.startswith((stack.url, "data:")) else asked.append(one.url)
    )
    return asked


def test_pages_full_of_hostile_text_do_nothing(page: Page, stack: Stack, api: Api, elsewhere: list[str]):
    text = "".join(HOSTILE)
    listeners = [
        api.add_listener("person", f"{stack.url}/echo/hostile", hostile, address=text[:500])
        for hostile in HOSTILE[:3]
    ]
    wants_all = api.add_listener("person", f"{stack.url}/echo/hostile?q=1", HOSTILE[5])
    event = api.send("person", name=text, address=HOSTILE[0])
    wait_until(lambda: api.deliveries(event=event, listener=wants_all), seconds=PATIENCE, what="its delivery")
    [delivery] = api.deliveries(event=event, listener=wants_all)
    addresses = [
        "/", "/hooks", "/hooks/person", "/listeners", "/deliveries", "/events", f"/events/{event}", "/audit",
        *(f"/listeners/{one}{act}" for one in (*listeners, wants_all) for act in ("", "/edit", "/delete")),
        *(f"/deliveries/{delivery['id']}?tab={tab}" for tab in ("request", "event", "match")),
    ]  # fmt: skip

    for address in addresses:
        page.goto(address)
        expect(page.locator("h1")).to_have_count(1)

    assert elsewhere == []
    for one in (*listeners, wants_all):
        api.remove_listener(one)
