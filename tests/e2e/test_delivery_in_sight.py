"""Does a delivery look right while it happens, and on a phone?"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.screenshots import open_box
from tests.stack import Stack

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def delivered(page: Page, stack: Stack) -> str:
    """The address of a delivery that was watched until it had arrived."""
    name = "A receiver that takes its time"
    stack.command("listeners", "add", "person.greeted", open_box(page, "slow"), "--name", name)
    page.goto("/listeners")
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_role("link", name="Watch its delivery").click()
    page.wait_for_url(re.compile("/deliveries/dlv_"))
    page.goto(f"{page.url}?tab=response")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Delivered", timeout=30_000)
    return page.url


def test_all_of_the_page_turns_delivered(page: Page, delivered: str):
    expect(page.locator("#small-print")).not_to_contain_text("not yet")
    expect(page.locator("#small-print")).to_contain_text("Last worker")
    expect(page.locator("#what")).to_contain_text(re.compile("200 after"))


def test_a_phone_shows_the_status_on_one_line_and_every_tab(page: Page, delivered: str):
    page.set_viewport_size(PHONE)
    assert page.locator(".tabs").evaluate("tabs => tabs.scrollWidth <= tabs.clientWidth")

    page.goto("/deliveries")
    row = page.locator("tbody tr").first
    row.locator(".main a").evaluate("link => link.append(' and a name that needs two lines at the least')")
    badge = row.locator(".badge").bounding_box()

    assert badge is not None and badge["height"] < 32


def test_an_error_of_the_filter_has_room(page: Page, stack: Stack):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/deliveries?code=abc")
    error = page.locator("#filter-code-error").bounding_box()

    assert error is not None and error["width"] > 150
