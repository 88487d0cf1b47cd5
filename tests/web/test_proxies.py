"""Can a visitor say where the console stands? Row 62 of the security plan."""

from __future__ import annotations

import pytest

from tests.build import settings_for
from webhooks_app.application import make_console
from webhooks_app.registry import hooks
from webhooks_app.web.proxies import behind_proxies

IN_A_FOLDER = "https://example.com/hooks"


@pytest.fixture
def built_console(tmp_path, base_url):
    """A console of its own behind one proxy, because what it believes of that is decided when it is built."""
    before = hooks._port
    settings = settings_for(
        tmp_path, WEBHOOKS_PROXY_HOPS="1", PUBLIC_BASE_URL=base_url, TRUSTED_HOSTS="localhost example.com"
    )
    yield make_console(settings, caller_session=lambda: None)
    hooks._port = before


@pytest.mark.parametrize("base_url", ["https://example.com"])
@pytest.mark.parametrize("prefix", ["//evil.example", "/elsewhere", "https://evil.example"])
def test_where_a_visitor_says_that_the_console_stands_is_not_believed(client, prefix):
    given = {"X-Forwarded-Prefix": prefix}

    answers = [client.get("/hooks", headers=given), client.get("/login", headers=given)]

    assert answers[0].location == "/login?next=/hooks"
    assert prefix.strip("/") not in answers[1].text


@pytest.mark.parametrize("base_url", [IN_A_FOLDER])
def test_below_a_path_of_the_proxy_every_address_begins_with_it(client):
    answers = [client.get("/deliveries"), client.get("/login")]

    assert answers[0].location == "/hooks/login?next=/hooks/deliveries"
    assert 'href="/hooks/static/css/app.css' in answers[1].text


def test_inside_another_application_that_one_says_where_the_console_stands(tmp_path):
    settings = settings_for(tmp_path, WEBHOOKS_PROXY_HOPS="1", PUBLIC_BASE_URL=IN_A_FOLDER)
    seen = []
    served = behind_proxies(lambda environ, _start: seen.append(environ) or [], settings, url_prefix="/hooks")

    served({"SCRIPT_NAME": "/app/hooks", "HTTP_X_FORWARDED_PREFIX": "//evil.example"}, None)

    assert seen[0]["SCRIPT_NAME"] == "/app/hooks"
