"""Is every page in order, wide and narrow, light and dark, and without JavaScript?"""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.api import Api
from tests.stack import Stack

pytestmark = pytest.mark.deep

PAGES = (
    "/", "/hooks", "/hooks/order.placed", "/hooks/person/listeners/new", "/listeners", "/deliveries", "/events",
    "/echo", "/demo", "/system", "/settings", "/settings/tokens", "/settings/users", "/audit",
)  # fmt: skip

# What stands in tables that are wider than the card around them.
BEYOND_ITS_CARD = """[...document.querySelectorAll(".panel table")].filter(one =>
  one.getBoundingClientRect().right > one.closest(".panel").getBoundingClientRect().right + 1
).map(one => one.innerText)"""


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_page_scrolls_sideways_and_each_has_one_heading(page: Page, width: int):
    page.set_viewport_size({"width": width, "height": 800})

    for address in PAGES:
        page.goto(address)

        assert page.locator("h1").count() == 1, address
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{address} is {wider} px too wide for {width}"


@pytest.mark.parametrize("width", [390, 320])
def test_a_long_name_without_a_space_makes_no_page_scroll_sideways(
    page: Page, stack: Stack, api: Api, width: int
):
    page.set_viewport_size({"width": width, "height": 800})
    name = f"{width}{'n' * 147}"
    listener = api.add_listener("person", f"{stack.url}/echo/long", name)

    for act in ("", "/edit", "/delete"):
        page.goto(f"/listeners/{listener}{act}")

        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{act or 'its page'} is {wider} px too wide for {width}"
    api.remove_listener(listener)


def test_a_long_name_leaves_every_column_inside_its_card(page: Page, stack: Stack, api: Api):
    page.set_viewport_size({"width": 1280, "height": 800})
    name = "n" * 200
    page.goto("/demo")
    page.fill("#name", name)
    page.get_by_role("button", name="Add a person").click()
    expect(page.locator("main")).to_contain_text(f"Added {name}")
    listener = api.add_listener("person", f"{stack.url}/echo/long", name)
    event = api.send("person", name="Joe")

    for address in ("/", "/demo", "/listeners", "/hooks/person", "/deliveries", f"/events/{event}"):
        page.goto(address)

        assert page.evaluate(BEYOND_ITS_CARD) == [], address
    api.remove_listener(listener)


def test_a_chosen_theme_is_kept_and_rendered_by_the_server(page: Page, stack: Stack):
    page.goto("/hooks")
    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_role("button", name="Dark").click()

    page.goto("/listeners")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_listener_is_made_and_deleted_without_javascript(
    stack: Stack, browser, signed_in_state: dict[str, object]
):
    context: BrowserContext = browser.new_context(
        base_url=stack.url, storage_state=signed_in_state, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/hooks/person/listeners/new")
    page.fill("[name=url]", f"{stack.url}/echo/nobody")
    page.fill("[name=name]", "Made without scripts")
    page.select_option("[name=match-name_cond]", "is")
    page.fill("[name=match-name_query]", "Joe")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text('name is "Joe"')

    page.goto(page.url.partition("?")[0].rstrip("/") + "/delete")
    page.get_by_role("button", name=re.compile("Delete")).click()

    page.goto("/listeners")
    expect(page.locator("main")).not_to_contain_text("Made without scripts")
    context.close()


def test_what_a_receiver_answers_is_text_and_nothing_else(page: Page, api: Api):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    page.goto("/echo")
    page.get_by_role("button", name=re.compile("box|receiver", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("/echo/.+"))
    box = page.url
    api.add_listener("person", box, hostile)

    event = api.send("person", name=hostile, address="</pre><script>alert(2)</script>")

    page.goto(f"/events/{event}")
    expect(page.locator("main")).to_contain_text("<script>alert(2)</script>")
    page.goto(box)
    expect(page.locator("main")).to_contain_text("onerror=alert(1)")
