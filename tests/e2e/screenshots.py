"""How does it look? `make screenshots` fills an installation, and photographs it light and dark, wide and narrow.

The README's pictures go to docs/img, all the others to tests/e2e/output, for looking at.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e import chromium
from tests.e2e.api import Api
from tests.patience import wait_until
from tests.stack import ROOT, Stack, running

README_IMAGES = ROOT / "docs" / "img"
OUTPUT = Path(__file__).resolve().parent / "output"
SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}
CUSTOMERS = ("acme", "globex", "initech", "acme", "umbrella")


def fill(stack: Stack, page: Page) -> dict[str, str]:
    """Listeners that fare differently, and events for them; gives the addresses worth a picture."""
    boxes = {
        name: open_box(page, answer) for name, answer in (("good", "200"), ("broken", "500"), ("busy", "429"))
    }
    api = Api(stack.url, stack.command("create-token", "pictures", "--scope", "write"))
    api.add_listener("order.placed", boxes["good"], "Shop CRM", customer="acme")
    api.add_listener("order.placed", boxes["good"], "Ledger")
    api.add_listener("order.placed", boxes["broken"], "Old ERP", country="NO")
    api.add_listener("person", boxes["busy"], "Mailer")
    api.add_listener("person", "http://127.0.0.1:8999/closed", "Partner (Oslo)")
    orders = [
        {
            "customer": name,
            "total": 12.5 * (number + 1),
            "country": "NO" if number % 3 else "SE",
            "paid": True,
        }
        for number, name in enumerate(CUSTOMERS * 2)
    ]
    api.send_all("order.placed", orders)
    api.send("person", name="Joe Davola", address="New York City", created=False)
    wait_until(lambda: not api.deliveries(status="pending"), what="every first attempt")
    page.goto("/deliveries?status=retrying")
    failed = page.locator("tbody a[href*='/deliveries/dlv_']").first.get_attribute("href") or ""
    page.goto("/listeners")
    listener = page.locator("a[href*='/listeners/lsn_']").first.get_attribute("href") or ""
    page.goto("/events")
    event = page.locator("a[href*='/events/evt_']").first.get_attribute("href") or ""
    return {"delivery": failed, "listener": listener, "event": event, "box": boxes["good"]}


def open_box(page: Page, answer: str) -> str:
    """A box of the built-in receiver that answers so; gives its URL."""
    page.goto("/echo")
    page.get_by_role("button", name=re.compile("box|receiver", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("/echo/.+"))
    address = page.url
    if answer != "200":
        page.locator(f"[name=answer][value='{answer}']").check()
        page.locator("form:has([name=answer]) button").click()
    return address


def pages(found: dict[str, str]) -> dict[str, str]:
    """Every screen, by the name of its picture."""
    return {
        "dashboard": "/",
        "hooks": "/hooks",
        "hook": "/hooks/order.placed",
        "listener-form": "/hooks/order.placed/listeners/new",
        "listeners": "/listeners",
        "listener": found["listener"],
        "deliveries": "/deliveries",
        "delivery": found["delivery"],
        "events": "/events",
        "event": found["event"],
        "echo": "/echo",
        "box": found["box"],
        "demo": "/demo",
        "system": "/system",
        "settings": "/settings",
        "tokens": "/settings/tokens",
        "users": "/settings/users",
        "audit": "/audit",
    }


def signed_in(stack: Stack, browser: Browser, *, theme: str, size: str) -> BrowserContext:
    """A browser of this theme and size in which an admin is signed in."""
    context = browser.new_context(
        base_url=stack.url,
        viewport=SIZES[size],
        color_scheme=theme,
        device_scale_factor=1,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(stack.command("sign-in-link"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.url}/")
    return context


def main() -> None:
    """Take every picture."""
    for folder in (README_IMAGES, OUTPUT):
        folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as stack,
        chromium.opened() as browser,
    ):
        first = signed_in(stack, browser, theme="light", size="wide")
        found = fill(stack, first.pages[0])
        first.close()
        for size in SIZES:
            for theme in ("light", "dark"):
                take(signed_in(stack, browser, theme=theme, size=size), pages(found), f"{theme}-{size}")
    for theme in ("light", "dark"):
        (README_IMAGES / f"deliveries-{theme}.png").write_bytes(
            (OUTPUT / f"deliveries-{theme}-wide.png").read_bytes()
        )


def take(context: BrowserContext, screens: dict[str, str], suffix: str) -> None:
    """One picture of each screen."""
    page = context.pages[0]
    for name, address in screens.items():
        page.goto(address)
        page.wait_for_timeout(200)
        page.screenshot(path=OUTPUT / f"{name}-{suffix}.png", full_page=name != "deliveries")
    context.close()


if __name__ == "__main__":
    main()
