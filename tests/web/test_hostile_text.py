"""Does foreign text stay text, wherever it is shown? Row 52 of the security plan."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import factories
from tests.web.conftest import client_of
from tests.web.crawl import addresses, parts_for

ADDRESSED = ("href", "src", "action", "formaction")
ROOT = Path(__file__).resolve().parent.parent.parent

# What gets out of a text, an attribute, a script, a style, an address, or out of a template of ours or the browser's.
HOSTILE = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>", "<svg><script>alert(1)</script></svg>", '"><script>alert(1)</script>',
    "'><script>alert(1)</script>", '" onmouseover="alert(1)', "' onmouseover='alert(1)", "` onmouseover=`alert(1)",
    "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>", "</pre><script>alert(1)</script>",
    "</code><img src=x onerror=alert(1)>", "<!--<script>alert(1)</script>", "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>", "<iframe src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
    "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><button>", "<style>*{background:url(//evil.example)}</style>",
    "<link rel=stylesheet href=//evil.example>", "<body onload=alert(1)>", "<math><mi//xlink:href=javascript:alert(1)>",
    "{{ 91919*90909 }}", "{% raw %}", "<div hx-get=//evil.example hx-trigger=load>", "<SCRIPT >alert(1)</SCRIPT>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)  # fmt: skip


FOREIGN = {"iframe", "base", "style", "math", "object", "embed", "frame", "applet"}
_ELSEWHERE = re.compile(r"\s*((javascript|data|vbscript):|[/\\]{2})", re.IGNORECASE)


class Page(HTMLParser):
    """What of a page's markup no page of ours has, and what its text says."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.says = ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        source = given.get("src") or ""
        is_foreign = tag in FOREIGN or (tag in ("script", "img") and not source.startswith("/static/"))
        is_handler = any(name.startswith("on") or name == "style" for name in given)
        leads = [value for name, value in attrs if value and (name.startswith("hx-") or name in ADDRESSED)]
        if is_foreign or is_handler or "http-equiv" in given or any(map(_ELSEWHERE.match, leads)):
            self.faults.append(self.get_starttag_text())

    def handle_data(self, text):
        self.says += text


@pytest.fixture
def pages(app, engine, clock):
    """Every page, with this text wherever somebody outside could have put it."""

    def crawl(text):
        user = factories.make_user(engine, email=f"{text}@example.com")
        url = text if _ELSEWHERE.match(text) else f"https://example.com/?q={text}"
        listener = factories.make_listener(
            engine, name=text, url=url, state="disabled", state_reason=text,
            filter={"name": {"is": text}}, config={text: text},
        )  # fmt: skip
        parts = parts_for(engine, listener, user)
        event = factories.make_event(
            engine, payload={"name": text, text: text}, sender=text, dispatched_at=clock(),
            changes={text: {"old": text, "new": text}},
        )  # fmt: skip
        delivery = factories.make_delivery(
            engine, event=event, listener=listener, status="failed", reason=text, last_error_class="http_302"
        )
        factories.make_attempt(
            engine, delivery, url=text, status_code=302, error_class="http_302", error=text, ip="192.0.2.1",
            response_headers=[["location", text], [text, text]], response_body=text.encode(),
            request_headers=[["x-own", text]],
        )  # fmt: skip
        parts |= {"delivery_id": f"dlv_{delivery.id}", "event_id": f"evt_{event.id}"}
        browser = client_of(app, user)
        for endpoint, address in addresses(app, parts, "GET"):
            tabs = ("response", "request", "event", "match") if endpoint == "deliveries.show" else ("",)
            for tab in tabs:
                with browser.get(address + (f"?tab={tab}" if tab else "")) as answer:
                    if answer.mimetype == "text/html":
                        yield f"{address} {tab}", Page(answer.get_data(as_text=True))

    return crawl


# Several at once: what closes one thing may open another, and a page is asked for a few times only.
@pytest.mark.parametrize("texts", [HOSTILE[start::6] for start in range(6)], ids=range(6))
def test_hostile_text_stays_text_on_every_page(pages, texts):
    found = dict(pages("".join(texts)))

    assert {address: one.faults for address, one in found.items() if one.faults} == {}
    assert sum(texts[0][:12] in one.says for one in found.values()) >= 10
    assert not [
        address for address, one in found.items() if "1337" in one.says
    ]  # a template of ours would say so


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example/"]
)
def test_an_address_that_came_from_outside_is_shown_and_leads_nowhere(pages, address):
    """Row 75 of the security plan: as a URL, as the Location of an answer, and as every other text."""
    found = dict(pages(address))

    assert {page: one.faults for page, one in found.items() if one.faults} == {}
    assert sum(address in one.says for one in found.values()) >= 10


def test_what_is_looked_for_would_be_found():
    for text in HOSTILE[:5]:
        assert Page(f"<p>{text}</p>").faults
    assert Page('<a href="JaVaScRiPt:alert(1)">').faults and Page('<a href="//evil.example">').faults
    assert Page('<a title="" onmouseover="alert(1)">').faults
    assert not Page('<a href="/hooks">x</a><script src="/static/js/app.js"></script>').faults


def test_nothing_is_called_safe_but_what_is_known_to_be():
    """Whoever adds one of these says here why what it holds is safe."""
    found = set()
    for path in (*ROOT.glob("templates/**/*.html"), *ROOT.glob("webhooks_app/**/*.py")):
        for line in path.read_text("utf-8").splitlines():
            is_html = path.suffix == ".html"
            if re.search(r"\|\s*safe\b|autoescape" if is_html else r"\bMarkup\((?!['\"])", line):
                found.add(str(path.relative_to(ROOT)))

    assert found == {
        "templates/deliveries/_rows.html",  # a literal, and an address of ours
        "webhooks_app/web/present.py",  # Pygments escapes every token it writes
    }
