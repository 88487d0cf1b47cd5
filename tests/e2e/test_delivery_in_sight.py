"""Does a delivery look right while it happens, and on a phone?"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.api import Api
from tests.e2e.screenshots import open_box
from tests.patience import wait_until

pytestmark = pytest.mark.deep

PHONE = {"width": 390, "height": 844}


def test_all_of_the_page_turns_delivered(page: Page, api: Api):
    listener = api.add_listener("person.greeted", open_box(page, "slow"), "A receiver that takes its time")
    page.goto(f"/listeners/{listener}")
    page.get_by_role("button", name="Send a test").click()
    page.get_by_role("link", name="Watch its delivery").click()
    page.wait_for_url(re.compile("/deliveries/dlv_"))

    page.goto(f"{page.url}?tab=response")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Delivered", timeout=30_000)
    expect(page.locator("#small-print")).not_to_contain_text("not yet")
    expect(page.locator("#small-print")).to_contain_text("Last worker")
    expect(page.locator("#what")).to_contain_text(re.compile("200 after"))


def test_a_phone_shows_the_status_on_one_line_and_every_tab(page: Page, api: Api):
    api.add_listener("person", open_box(page, "200"), "A quick receiver")
    api.send("person", name="Joe")
    wait_until(lambda: api.deliveries(hook="person", status="delivered"), what="a delivery")
    [delivery, *_] = api.deliveries(hook="person", status="delivered")
    page.set_viewport_size(PHONE)
    page.goto(f"/deliveries/{delivery['id']}")
    assert page.locator(".tabs").evaluate("tabs => tabs.scrollWidth <= tabs.clientWidth")

    page.goto("/deliveries")
    row = page.locator("tbody tr").first
    row.locator(".main a").evaluate("link => link.append(' and a name that needs two lines at the least')")
    badge = row.locator(".badge").bounding_box()

    assert badge is not None and badge["height"] < 32


def test_an_error_of_the_filter_has_room(page: Page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/deliveries?code=abc")
    error = page.locator("#filter-code-error").bounding_box()

    assert error is not None and error["width"] > 150
