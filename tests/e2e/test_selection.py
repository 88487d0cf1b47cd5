"""Does the bar of the log say how many ticked deliveries it would retry?"""

from playwright.sync_api import Page, expect

from tests.e2e.api import Api
from tests.patience import wait_until
from tests.stack import Stack


def test_the_button_counts_what_is_ticked(page: Page, stack: Stack, api: Api):
    api.add_listener("person.greeted", f"{stack.url}/echo/nobody", "Ticked")
    for name in ("Ann", "Joe"):
        api.send("person.greeted", name=name)
    wait_until(lambda: len(api.deliveries(hook="person.greeted")) >= 2, what="both deliveries")
    page.goto("/deliveries?hook=person.greeted")

    page.locator(".sel input[name=id]").nth(0).check()
    page.locator(".sel input[name=id]").nth(1).check()

    expect(page.get_by_role("button", name="Retry 2", exact=True)).to_be_visible()
    expect(page.locator(".bulk")).to_contain_text("2 selected")
