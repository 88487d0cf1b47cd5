"""What do the settings open and close for listeners' URLs?"""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.build import settings_for
from tests.engine.test_url import code
from webhooks_app.engine import url as urls
from webhooks_app.engine.addresses import (
    REFUSED_PORTS,
    NetworkPolicy,
    own_folders_of,
    own_hosts_of,
    policy_from,
)
from webhooks_app.engine.url import canonical_url

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def test_local_names_are_accepted_when_a_setting_names_them() -> None:
    policy = NetworkPolicy(allowed_hosts=("db", "localhost", ".svc.cluster.local"), allowed_networks=LOOPBACK)

    assert canonical_url("http://db/", policy) == "http://db/"
    assert canonical_url("http://localhost:9000/", policy) == "http://localhost:9000/"
    assert canonical_url("http://api.ns.svc.cluster.local/", policy)
    assert code("http://other/", policy) == "host_single_label"
    assert code("http://api.local/", policy) == "host_local"


def test_allowed_networks_open_addresses_but_never_the_metadata_in_them() -> None:
    policy = NetworkPolicy(allowed_networks=(ip_network("10.1.0.0/16"), ip_network("0.0.0.0/0")))

    assert code("http://10.1.2.3/", policy) == ""
    assert code("http://169.254.169.254/", policy) == "ip_not_public"
    assert code("http://10.2.0.1/", NetworkPolicy(allowed_networks=(ip_network("10.1.0.0/16"),)))


def test_http_is_refused_by_the_setting_and_else_carries_a_warning() -> None:
    assert code("http://example.com/", NetworkPolicy(https_only=True)) == "url_https_only"
    assert code("https://example.com/", NetworkPolicy(https_only=True)) == ""
    assert urls.warnings("http://example.com/")
    assert urls.warnings("https://example.com/") == []


def test_ports_are_settable() -> None:
    assert code("http://example.com:22/", NetworkPolicy(refused_ports=frozenset({8080}))) == ""
    assert code("http://example.com:8080/", NetworkPolicy(refused_ports=frozenset({8080}))) == "url_port"
    assert code("http://example.com/", NetworkPolicy(refused_ports=frozenset({80}))) == "url_port"


def test_in_development_the_echo_is_accepted_and_the_application_itself_is_not() -> None:
    own = own_hosts_of("http://127.0.0.1:8000", port=8000)
    policy = NetworkPolicy(allowed_networks=LOOPBACK, allowed_hosts=("localhost",), own_hosts=own)

    assert code("http://127.0.0.1:8000/echo/x", policy) == ""
    assert code("http://localhost:8000/echo/x", policy) == ""
    assert code("http://localhost:9000/", policy) == ""  # another program on this machine
    assert code("http://127.0.0.1:8000/api/v1/hooks", policy) == "host_denied"
    assert code("http://localhost:8000/echo/../api/v1/hooks", policy) == "host_denied"
    assert code("http://[::1]:8000/", policy) == "host_denied"


def test_a_public_host_of_our_own_is_refused_on_every_port() -> None:
    base = "https://hooks.example.com/console"
    policy = NetworkPolicy(
        own_hosts=own_hosts_of(base, port=8000), own_folders=own_folders_of(base, url_prefix="")
    )

    assert code("https://hooks.example.com/api/v1/hooks", policy) == "host_denied"
    assert code("http://HOOKS.example.com:8080/", policy) == "host_denied"
    assert code("https://hooks.example.com/console/echo/abc", policy) == ""
    assert code("https://other.example.com/", policy) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/hooks/echo/events",  # a hook may be called echo
        "/logout/echo/x",
        "/echo/%2E%2E%2Flogin",
        "/echo/%2e%2e",
        "/echo/x%2f..%2f..%2flogin",
        "/echo/..",
        "/echo/x;y",
        "/echo/x/answer",
        "/echo/x/",
        "/echo/",
        "/echo",
        "//echo/x",
        "/%65cho/x",
    ],
)
def test_what_only_looks_like_the_echo_is_the_application_itself(path: str) -> None:
    policy = NetworkPolicy(own_hosts=own_hosts_of("https://hooks.example.com", port=8000))

    assert code(f"https://hooks.example.com{path}", policy) == "host_denied"
    assert code("https://hooks.example.com/echo/Az0_-?x=1", policy) == ""


@pytest.mark.parametrize(
    ("base", "url_prefix", "folders"),
    [
        ("https://example.com", "", {""}),
        ("https://example.com/console", "", {"/console", ""}),  # the proxy may take it away
        ("https://shop.example.com", "/webhooks", {"/webhooks"}),
        ("https://shop.example.com/webhooks", "/webhooks", {"/webhooks"}),  # named in both
        ("https://example.com/shop", "/webhooks", {"/shop/webhooks", "/webhooks"}),
    ],
)
def test_the_console_may_stand_in_a_folder(base: str, url_prefix: str, folders: set[str]) -> None:
    assert set(own_folders_of(base, url_prefix=url_prefix)) == folders


def test_inside_another_application_only_the_consoles_own_echo_is_accepted(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, PUBLIC_BASE_URL="https://shop.example.com")
    policy = policy_from(settings, url_prefix="/webhooks")

    assert code("https://shop.example.com/webhooks/echo/abc", policy) == ""
    assert code("https://shop.example.com/echo/abc", policy) == "host_denied"
    assert code("https://shop.example.com/orders/webhooks/echo/abc", policy) == "host_denied"


def test_the_settings_make_the_policy(tmp_path: Path) -> None:
    policy = policy_from(
        settings_for(
            tmp_path,
            PUBLIC_BASE_URL="http://127.0.0.1:8000",
            WEBHOOKS_HTTPS_ONLY="1",
            WEBHOOKS_REFUSED_PORTS="8080",
            WEBHOOKS_NAT64_PREFIXES="64:ff9b::/96",
        )
    )

    assert policy.allows("127.0.0.1")
    assert not policy.allows("10.0.0.1")
    assert policy.allows("64:ff9b::8.8.8.8")
    assert code("http://localhost:9000/", policy) == "url_https_only"
    assert code("https://localhost:8080/", policy) == "url_port"
    assert code("https://localhost:8000/", policy) == "host_denied"
    assert policy_from(settings_for(tmp_path)).refused_ports == REFUSED_PORTS
