"""Is a bad address told in one line at the start, and a good one left as it is?"""

from __future__ import annotations

import pytest

from tests.test_settings import read
from webhooks_app.errors import SettingError
from webhooks_app.setting_addresses import network_exposure, redis_exposure
from webhooks_app.setting_values import networks


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("REDIS_URL", "redis://h:abc", "its host or port cannot be read"),
        ("REDIS_URL", "redis://h:99999/0", "its host or port cannot be read"),
        ("REDIS_URL", "redis://a b/0", "its host or port cannot be read"),
        ("REDIS_URL", "redis://h/notnumber", "the number of the database is no number"),
        ("REDIS_URL", "redis://h/1/2", "the number of the database is no number"),
        ("REDIS_URL", "redis://h:1/0?socket_timeout=x", 'the option "socket_timeout"'),
        ("REDIS_URL", "redis://h/0?bogus=1", 'the option "bogus" is not known'),
        ("REDIS_URL", "redis://h/0?db=", 'the option "db"'),
        ("REDIS_URL", "redis://h/0?ssl_cert_reqs=none", 'the option "ssl_cert_reqs"'),  # only with rediss
        ("REDIS_URL", "redis://h/0#1", "its host or port cannot be read"),
        ("REDIS_URL", "unix://host", "the path of the socket is missing"),
        ("REDIS_URL", "unix:///r.sock?socket_keepalive=1", 'the option "socket_keepalive"'),
        ("REDIS_URL", "redis+sentinel://a:b/orders", "a host or port cannot be read"),
        ("REDIS_URL", "redis+sentinel://a:1,/orders", "a host or port cannot be read"),
        ("REDIS_URL", "redis+sentinel://[a/orders", "a host or port cannot be read"),
        ("REDIS_URL", "redis+sentinel://a:1/orders/x", "the number of the database"),
        ("REDIS_URL", "redis+sentinel://a:1/orders?db=1", "Sentinel takes no options"),
        ("DATABASE_URL", "postgres://h:abc/d", "its host or port cannot be read"),
        ("DATABASE_URL", "postgres://h:99999/d", "its host or port cannot be read"),
        ("DATABASE_URL", "postgres://h:0/d", "its host or port cannot be read"),
        ("DATABASE_URL", "sqlite://data/x.db", "must be sqlite:///path"),  # two slashes name a host
        ("PUBLIC_BASE_URL", "http://ex ample.com", "an address like"),
        ("PUBLIC_BASE_URL", "http://ex,ample.com", "an address like"),
        ("WEBHOOKS_OUTBOUND_PROXY", "http://pro xy:3128", "a proxy like"),
        ("TRUSTED_HOSTS", "a:80", "without scheme and port"),
        ("TRUSTED_HOSTS", "[::1]:80", "without scheme and port"),
        ("TRUSTED_HOSTS", "..a", "without scheme and port"),
    ],
)
def test_a_bad_address_is_told_in_one_line(name, text, told):
    with pytest.raises(SettingError) as refused:
        read({name: text})

    message = str(refused.value)
    assert message.startswith(f'{name}="{text}" is not allowed: must be')
    assert told in message
    assert "\n" not in message


def test_a_password_that_was_not_escaped_is_told_and_not_shown():
    with pytest.raises(SettingError, match="written %40") as refused:
        read(DATABASE_URL="postgres://u:hun@ter2@h/d")

    assert "ter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REDIS_URL", "redis://127.0.0.1:7000/3"),
        ("REDIS_URL", "redis://:p%40ss@cache"),
        ("REDIS_URL", "redis://:pa@ss@cache/0"),  # as redis-py reads it
        ("REDIS_URL", "rediss://user:pw@h:6380/0?ssl_cert_reqs=none&socket_timeout=1.5"),
        ("REDIS_URL", "redis://[::1]:6379/"),
        ("REDIS_URL", "unix:///tmp/r%20s.sock?db=2&password=x"),
        ("REDIS_URL", "redis+sentinel://:p%40ss@127.0.0.1:26380,cache.lan/orders/4"),
        ("REDIS_URL", "redis+sentinel://a:1"),  # the master is then called mymaster
        ("DATABASE_URL", "postgresql+psycopg://user@server:pw/x@h:5432/d?sslmode=require"),
        ("DATABASE_URL", "postgresql+psycopg:///d?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql+psycopg://u@[::1]:5432/d"),
        ("PUBLIC_BASE_URL", "https://hooks.example.com:8443/webhooks"),
        ("PUBLIC_BASE_URL", "http://[::1]:8000"),
        ("WEBHOOKS_OUTBOUND_PROXY", "http://u:p@proxy:3128"),
    ],
)
def test_a_good_address_is_taken_as_it_is(name, text):
    settings = read({name: text})

    assert getattr(settings, name.removeprefix("WEBHOOKS_").lower()) == text


def test_a_host_may_be_an_address():
    assert read(TRUSTED_HOSTS="::1 [::1] 127.0.0.1 .lan a.b.").trusted_hosts == (
        "::1", "[::1]", "127.0.0.1", ".lan", "a.b.",
    )  # fmt: skip


def test_a_list_of_keys_without_a_key_is_refused():
    with pytest.raises(SettingError, match=r"^WEBHOOKS_ENCRYPTION_KEYS is not allowed: must be keys"):
        read(WEBHOOKS_ENCRYPTION_KEYS=",")


@pytest.mark.parametrize(
    "url",
    [
        "unix:///run/redis.sock",  # its file says who may
        "redis://127.0.0.1:6379/0",
        "redis://127.9.9.9",
        "redis://localhost:6379",
        "redis://[::1]:6379/0",
        "redis://[::1]",
        "rediss://:secret@redis.example.com:6380/0",
        "rediss://redis.example.com/0?username=web&password=secret",
        "redis+sentinel://127.0.0.1:26379,localhost:26380/orders",
    ],
)
def test_a_redis_that_nobody_else_reaches_is_not_exposed(url):
    assert redis_exposure(url) == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://redis:6379/0", "wants no password"),
        ("redis://10.0.0.5", "wants no password"),
        ("redis://[2001:db8::1]:6379/0", "wants no password"),
        ("redis://web@redis/0", "wants no password"),  # a name alone opens nothing
        ("redis://127.0.0.1.example.com/0", "wants no password"),
        ("redis+sentinel://127.0.0.1:26379,10.0.0.5:26379/orders", "wants no password"),
        ("rediss://redis.example.com/0", "wants no password"),
        ("redis://:secret@redis:6379/0", "without TLS"),
        ("redis+sentinel://:secret@10.0.0.5:26379/orders", "without TLS"),
    ],
)
def test_a_redis_that_others_reach_is_told_without_its_password(url, told):
    assert told in redis_exposure(url)
    assert "secret" not in redis_exposure(url)


@pytest.mark.parametrize("text", ["", "10.0.0.0/8", "fc00::/7", "127.0.0.0/8 ::1/128", "192.168.0.0/16"])
def test_networks_inside_may_be_opened(text):
    assert network_exposure(networks(text), is_production=True) == ""


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "10.0.0.0/8, 0.0.0.0/1", "fc00::/6"])
def test_to_open_more_than_any_network_inside_is_told(text):
    told = network_exposure(networks(text), is_production=True)

    assert told.startswith(f"WEBHOOKS_ALLOWED_NETWORKS opens {text.rpartition(' ')[2]}: ")
    assert network_exposure(networks(text), is_production=False) == ""
