"""Does every answer carry its headers and its id, and is a foreign Host turned away?"""

from dataclasses import replace

import pytest

from webhooks_app.web.protection import HEADERS

# An answer of each kind: a page, a redirect, a form, a file, an error.
ADDRESSES = ("/login", "/hooks", "/static/css/app.css", "/healthz", "/no-such-page", "/api/v1/no-such-call")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", HEADERS)
def test_every_answer_has_the_header(client, address, name):
    with client.get(address) as answer:
        assert answer.headers[name] == HEADERS[name]


def test_a_page_that_fails_has_them_too(app, viewer):
    """Rows 53 and 54 of the security plan."""
    before = dict(app.view_functions)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["hooks.index"] = lambda: 1 / 0
    try:
        answer = viewer.get("/hooks")
    finally:
        app.view_functions.update(before)

    assert answer.status_code == 500
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_no_script_or_style_may_stand_in_a_page(client):
    policy = dict(
        one.split(" ", 1) for one in client.get("/login").headers["Content-Security-Policy"].split("; ")
    )

    ours, none = "'self'", "'none'"
    assert policy == {
        "default-src": none, "script-src": ours, "style-src": ours, "img-src": f"{ours} data:", "font-src": ours,
        "connect-src": ours, "form-action": ours, "base-uri": none, "frame-ancestors": none, "object-src": none,
        "manifest-src": ours,
    }  # fmt: skip


def test_the_other_headers_say_what_the_plan_says(client):
    """Row 54 of the security plan; the test above holds them on each kind of answer."""
    headers = client.get("/login").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("address", ["/login", "/hooks", "/no-such-page"])
def test_pages_are_not_kept_by_caches(viewer, address):
    assert viewer.get(address).headers["Cache-Control"] == "no-store"


def test_a_file_of_a_known_version_is_kept_for_ever(client):
    address = client.get("/login").text.partition('rel="stylesheet" href="')[2].partition('"')[0]

    with client.get(address) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


def test_each_request_has_an_id_of_its_own(client):
    first, second = (client.get("/healthz").headers["X-Request-Id"] for _ in range(2))

    assert first != second


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("short", False),
        ("two words in it", False),  # a space could begin another field of a log line
        ("x" * 41, False),
    ],
)
def test_a_proxys_id_is_kept_if_it_is_harmless(client, given, is_kept):
    shown = client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert (shown == given) is is_kept


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000"])
def test_a_foreign_host_is_turned_away(client, host):
    assert client.get("/login", headers={"Host": host}).status_code == 400
    assert client.get("/api/v1/hooks", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LocalHost"])
def test_a_trusted_host_is_answered(client, host):
    assert client.get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_the_health_pages_answer_to_any_host(client, address):
    assert client.get(address, headers={"Host": "10.0.0.7:8000"}).status_code != 400


def test_an_https_console_asks_browsers_to_stay_on_https(app, engine):
    settings = replace(engine.settings, public_base_url="https://hooks.example.com")
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], settings=settings)

    assert "max-age=" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_an_http_console_does_not(client):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


@pytest.mark.parametrize(
    "address",
    [
        "/deliveries?hook=%00",
        "/listeners?text=a%00b",
        "/settings/audit?actor=%00",
        "/hooks/%00",
        "/echo/%00" + "x" * 42,
        "/listeners?%00=a",
    ],
)
def test_an_address_with_what_no_text_can_hold_is_refused_before_anybody_looks(admin, address):
    assert admin.get(address).status_code == 400


def test_the_built_in_receiver_refuses_such_an_address_too(client):
    assert client.post("/echo/%00" + "x" * 42).status_code == 400


def test_what_is_sent_on_is_built_from_the_public_address_whatever_the_host_header_says(app, engine, admin):
    """Row 62 of the security plan: a link in a mail must not lead to whom a request named."""
    settings = replace(
        engine.settings,
        public_base_url="https://hooks.example.com",
        trusted_hosts=(".example.com", "localhost"),
    )
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], settings=settings)

    made = admin.post("/settings/users", data={"email": "bea@example.com", "role": "viewer"})
    text = admin.get(made.location, headers={"Host": "localhost"}).text

    assert "https://hooks.example.com/login/" in text
