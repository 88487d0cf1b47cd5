"""Does the bar of the log say how many ticked deliveries it would retry?"""

from playwright.sync_api import Page, expect

from tests.stack import Stack, wait_until


def test_the_button_counts_what_is_ticked(page: Page, stack: Stack):
    stack.command("listeners", "add", "person.greeted", f"{stack.url}/echo/nobody", "--name", "Ticked")
    for name in ("Ann", "Joe"):
        stack.command("send", "person.greeted", f"name={name}")
    wait_until(
        lambda: stack.command("deliveries", "list").count("person.greeted") >= 2,
        seconds=60,
        what="both deliveries",
    )
    page.goto("/deliveries?hook=person.greeted")

    page.locator(".sel input[name=id]").nth(0).check()
    page.locator(".sel input[name=id]").nth(1).check()

    expect(page.get_by_role("button", name="Retry 2", exact=True)).to_be_visible()
    expect(page.locator(".bulk")).to_contain_text("2 selected")
