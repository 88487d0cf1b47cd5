"""Is what stands in the address bar fit to be shared?"""

import pytest
from playwright.sync_api import Page

from tests.stack import Stack

pytestmark = pytest.mark.deep


def test_a_filter_that_is_applied_leaves_out_what_was_not_asked(page: Page, stack: Stack):
    redirects = []
    page.on("response", lambda answer: redirects.append(answer.url) if answer.status == 302 else None)
    page.goto("/deliveries")
    page.select_option("#filter-status", "failed")

    page.get_by_role("button", name="Apply").click()

    page.wait_for_url(f"{stack.url}/deliveries?status=failed")
    assert not redirects


@pytest.mark.parametrize("address", ["/deliveries", "/events", "/audit"])
def test_without_javascript_the_server_leaves_it_out(
    stack: Stack, browser, signed_in_state: dict[str, object], address: str
):
    context = browser.new_context(
        base_url=stack.url, storage_state=signed_in_state, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(address)

    page.get_by_role("button", name="Apply").click()

    page.wait_for_url(f"{stack.url}{address}")
    context.close()
