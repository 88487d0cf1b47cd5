"""Does a page stay as it is when the server refuses one of its parts, and say what to do?"""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import cookies_of
from tests.patience import PATIENCE
from tests.stack import Stack

pytestmark = pytest.mark.deep

AWAY = "does not answer"
SIGNED_OUT = "You are signed out. Sign in to go on."
A_TURN = 6_000  # milliseconds: every live part asks at least as often
REFUSED = "would not answer this page"


_readers = itertools.count(1)


@pytest.fixture
def readers_own(
    stack: Stack, browser: Browser, signed_in_state: dict[str, object]
) -> Iterator[BrowserContext]:
    """Somebody else's browser: signing out ends every session of a user, and the other tests go on in theirs.

    The first admin has to be there already, because a user who is there keeps the one-time link from making them.
    """
    email = f"reader{next(_readers)}@example.com"
    stack.command("create-user", email, "--role", "viewer")
    context = browser.new_context(base_url=stack.url, storage_state=cookies_of(stack, browser, email))  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


def bar(page: Page):
    return page.locator("[data-trouble]:visible")


def watched(context: BrowserContext) -> Page:
    """A page whose time the test can put forward."""
    page = context.new_page()
    page.clock.install()
    return page


@pytest.mark.parametrize("address, main", [("/deliveries", "#rows"), ("/", "#dashboard")])
def test_signing_out_in_another_tab_leaves_what_is_read(readers_own: BrowserContext, address: str, main: str):
    page, other = watched(readers_own), readers_own.new_page()
    page.goto(address)
    other.goto("/hooks")
    other.get_by_role("button", name=re.compile("^Account")).click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(re.compile("/login"))

    page.bring_to_front()
    page.clock.fast_forward(A_TURN)

    expect(bar(page)).to_have_text(SIGNED_OUT, timeout=30_000)
    expect(page.locator(main)).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Sign in again.")
    bar(page).get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "status, words",
    [(401, SIGNED_OUT), (404, REFUSED), (503, AWAY)],
)
def test_a_live_part_that_is_refused_stays_until_it_is_answered_again(
    context: BrowserContext, status: int, words: str
):
    page = watched(context)
    page.route("**/system/live*", lambda route: route.fulfill(status=status, body="<h1>An error's page</h1>"))
    page.goto("/system")
    page.clock.fast_forward(A_TURN)

    expect(bar(page)).to_contain_text(words, timeout=30_000)
    expect(page.locator("#system")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("An error's page")
    page.unroute("**/system/live*")
    page.clock.fast_forward(A_TURN)
    expect(bar(page)).to_have_count(0, timeout=30_000)


def test_a_preview_that_is_refused_leaves_the_form_as_it_is(context: BrowserContext, stack: Stack):
    page = context.new_page()
    page.goto("/hooks/person/listeners/new")
    page.evaluate("""() => {
        document.querySelector("main [name=csrf_token]").value = "stale";
        document.body.setAttribute("hx-headers:inherited", '{"X-CSRFToken": "stale"}');
    }""")

    with page.expect_response("**/listeners/preview") as answered:
        page.locator("[name=url]").press_sequentially(stack.url)

    assert answered.value.status == 400
    expect(bar(page)).to_contain_text(REFUSED)
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("h1")).to_have_count(1)
