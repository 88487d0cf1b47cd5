"""What does a browser test find ready? A whole installation, and a signed-in page that tolerates no error."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e import chromium
from tests.e2e.api import Api
from tests.patience import PATIENCE
from tests.stack import Stack, running

# A refused form answers 422, and the browser calls that a failed load.
TOLERATED = ("the server responded with a status of 422",)

# What signs for us or lets somebody in: a signing secret, a token, a link that signs in once.
SECRET = re.compile(r"whsec_[\w+/=-]{20,}|whk_[\w-]{20,}|/login/[\w-]{20,}")

expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if chromium.path() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium was found on the PATH"))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One installation for all browser tests; when they are over, its logs hold no secret (row 42)."""
    folder = tmp_path_factory.mktemp("installation")
    # With the access log, which is off unless asked for: the addresses of sign-in links come by there.
    with running(folder, LOG_LEVEL="INFO", GUNICORN_CMD_ARGS="--access-logfile -") as stack:
        yield stack
    told = {path.name: SECRET.findall(path.read_text("utf-8")) for path in folder.glob("*.log")}
    assert "web.log" in told
    assert {name: found for name, found in told.items() if found} == {}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.opened() as browser:
        yield browser


@pytest.fixture(scope="session")
def signed_in_state(stack: Stack, browser: Browser) -> dict[str, object]:
    """The cookies of an admin who came by the one-time link."""
    return cookies_of(stack, browser)


def cookies_of(stack: Stack, browser: Browser, *email: str) -> dict[str, object]:
    """The cookies of a new session of this user, else of the first admin."""
    context = browser.new_context(base_url=stack.url)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(stack.command("sign-in-link", *email))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{stack.url}/")
    state: dict[str, object] = context.storage_state()  # type: ignore[assignment]  # Playwright's own TypedDict
    context.close()
    return state


@pytest.fixture(scope="session")
def api(stack: Stack) -> Api:
    """The same installation for programs."""
    return Api(stack.url, stack.command("create-token", "browser tests", "--scope", "write"))


@pytest.fixture
def context(stack: Stack, browser: Browser, signed_in_state: dict[str, object]) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=stack.url, storage_state=signed_in_state)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A signed-in page; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    page = context.new_page()
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    yield page
    assert not [said for said in complaints if not any(known in said for known in TOLERATED)]
