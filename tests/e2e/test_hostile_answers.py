"""Does a browser obey what a receiver answers, or what a user, a token or a box is called? Rows 52 and 53.

Markup, scripts, addresses, text that turns its direction and NUL come in from every side that is not our own. A
dialog, or a word of the browser about its content security policy, fails the test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.api import Api
from tests.engine.hostile_receiver import answering, receiving
from tests.patience import PATIENCE, wait_until
from tests.stack import Stack

pytestmark = pytest.mark.deep

SCRIPT = "<script>alert(1)</script>"
MARKUP = (
    SCRIPT + "<img src=//evil.example/x onerror=alert(1)><svg/onload=alert(1)>"
    "</pre></code></td></textarea></title><iframe src=javascript:alert(1)></iframe>"
    '"\' onmouseover=alert(1) autofocus onfocus=alert(1) x="<base href=//evil.example/>'
    "<div hx-get=//evil.example hx-trigger=load></div>{{ 7*7 }}"
)
TURNED = f"\N{RIGHT-TO-LEFT OVERRIDE}{MARKUP}\N{LEFT-TO-RIGHT ISOLATE}\N{ZERO WIDTH SPACE}"
TABS = ("response", "request", "event", "match")

TELL = """addEventListener("securitypolicyviolation", found => console.error("policy", found.violatedDirective))"""


@pytest.fixture
def elsewhere(page: Page, stack: Stack) -> list[str]:
    """The addresses outside that the page has asked for; a breach of its policy is told by the console."""
    asked: list[str] = []
    page.add_init_script(TELL)
    page.on(
        "request", lambda one: None if one.url.startswith((stack.url, "data:")) else asked.append(one.url)
    )
    return asked


@pytest.fixture
def delivery(stack: Stack, api: Api) -> Iterator[dict[str, str]]:
    """A delivery whose receiver answers with markup wherever an answer has room for it."""
    body = MARKUP.encode()
    head = (
        b"HTTP/1.1 302 " + body + b"\r\nlocation: javascript:alert(1)//" + body + b"\r\nset-cookie: " + body
        + b"\r\nx-own: " + body + b"\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(body)
    )  # fmt: skip
    with receiving(answering(head + body)) as receiver:
        made = api.call("POST", "/listeners", {
            "hook": "person", "url": receiver.url(path=f"/hook?q={SCRIPT}"), "name": MARKUP[:180],
            "settings": {"headers": {"x-own": MARKUP}}, "filter": {"name": {"contains": "script"}},
        })  # fmt: skip
        event = api.send("person", name=f"\0{TURNED}", address={MARKUP: [TURNED, "\0"]})
        wait_until(lambda: attempted(api, made["id"]), seconds=PATIENCE, what="its first attempt")
        yield {"event": event, "listener": made["id"], "id": attempted(api, made["id"])[0]["id"]}
    api.remove_listener(made["id"])


def attempted(api: Api, listener: str) -> list[dict[str, str]]:
    return [one for one in api.deliveries(listener=listener) if one["attempt_count"]]


def name_users_and_tokens(page: Page) -> None:
    page.goto("/settings/users")
    page.fill("[name=email]", f'"{SCRIPT}"@example.com')
    page.locator("form:has([name=email]) button").click()
    expect(page.locator("h1")).to_have_count(1)
    page.goto("/settings/tokens")
    page.fill("[name=name]", SCRIPT)
    page.locator("form:has([name=name]) button").click()
    expect(page.locator("h1")).to_have_count(1)


def box_with_a_request(page: Page, stack: Stack) -> str:
    page.goto("/echo")
    page.get_by_role("button", name="Make a box").first.click()
    page.wait_for_url(re.compile("/echo/.+"))
    requests.post(
        page.url,
        data=MARKUP.encode(),
        headers={"x-own": MARKUP, "content-type": "text/html"},
        timeout=PATIENCE,
    )
    return page.url.removeprefix(stack.url)


def test_nothing_that_came_from_outside_does_anything(
    page: Page, stack: Stack, delivery: dict[str, str], elsewhere: list[str]
):
    name_users_and_tokens(page)
    box = box_with_a_request(page, stack)

    for address in (
        *(f"/deliveries/{delivery['id']}?tab={tab}" for tab in TABS),
        f"/listeners/{delivery['listener']}", f"/listeners/{delivery['listener']}/edit",
        f"/events/{delivery['event']}", "/", "/listeners", "/hooks/person", box, "/settings/tokens", "/audit",
    ):  # fmt: skip
        page.goto(address)
        expect(page.locator("h1")).to_have_count(1)
        assert page.locator("main script, main iframe, base, main [onerror], main [onload]").count() == 0, (
            address
        )

    expect(page.locator("main")).to_contain_text("<script>")
    assert elsewhere == []


def test_a_breach_of_the_policy_would_be_noticed(context: BrowserContext):
    page, told = context.new_page(), []
    page.add_init_script(TELL)
    page.on("console", lambda said: told.append(said.text))
    page.goto("/hooks")

    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=//evil.example/x onerror=alert(1)>')"
    )

    wait_until(
        lambda: page.title() and any("policy img-src" in said for said in told), what="the browser's word"
    )
