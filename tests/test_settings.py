"""Settings: one table, three sources, one-line refusals."""

import base64
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from webhooks_app.errors import SettingError
from webhooks_app.setting import masked
from webhooks_app.settings import Settings, table

ROOT = Path("/srv/app")
KEY, ENCRYPTION_KEY = "k" * 32, "e" * 32
PRODUCTION = {
    "WEBHOOKS_ENV": "production",
    "SECRET_KEY": KEY,
    "WEBHOOKS_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    "REDIS_URL": "redis://cache/0",
    "PUBLIC_BASE_URL": "https://hooks.example.com/",
    "TRUSTED_HOSTS": "hooks.example.com",
}


def read(environ=None, *, instance=ROOT / "instance", **more):
    return Settings.read({**(environ or {}), **more}, root=ROOT, instance=instance)


def test_nothing_set_is_a_complete_development():
    settings = read()

    assert (settings.env, settings.is_production, settings.env_label) == ("development", False, "development")
    assert settings.database_url == "sqlite:////srv/app/instance/webhooks.db"
    assert settings.redis_url == "unix:///srv/app/instance/run/redis.sock"
    assert settings.public_base_url == "http://127.0.0.1:8000"
    assert settings.trusted_hosts == ("127.0.0.1", "localhost")
    assert (settings.port, settings.web_concurrency, settings.workers) == (8000, 2, 1)
    assert settings.hooks == ("webhooks_app.demo",)
    assert (settings.max_payload_bytes, settings.min_free_bytes) == (262144, 512 * 1024**2)
    assert len(settings.retry_schedule) == 9
    assert settings.retry_schedule[-1] == timedelta(hours=24)
    assert not settings.retry_schedule_is_set
    assert (settings.refused_ports, settings.outbound_proxy, settings.metrics_token) == (None, None, None)


def test_every_attribute_has_its_settings_name():
    names = [setting.name for setting in table()]

    assert len(names) == len(set(names))
    for setting in table():
        assert hasattr(read(), setting.attribute)
    assert {"port", "env", "hooks", "retention_body_days"} <= {setting.attribute for setting in table()}


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:///data/x.db", "sqlite:////srv/app/data/x.db"),  # from the root, not from instance/
        ("sqlite:////var/x.db?timeout=5", "sqlite:////var/x.db?timeout=5"),
        ("sqlite://", "sqlite://"),  # in memory
        ("sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_database_url_names_the_driver_and_an_absolute_path(written, understood):
    assert read(DATABASE_URL=written).database_url == understood


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("PORT", "80000", "a whole number from 1 to 65535"),
        ("PORT", "٨٠٠٠", "a whole number"),  # digits, but not those of a port
        ("WEBHOOKS_ENV", "prod", "one of development, production"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO"),
        ("WEBHOOKS_HTTPS_ONLY", "maybe", "1 or 0"),
        ("WEBHOOKS_HOOKS", "shop/hooks.py", "names of modules"),
        ("WEBHOOKS_ALLOWED_NETWORKS", "10.1.2.3/16", "was 10.1.0.0/16 meant?"),
        ("WEBHOOKS_ALLOWED_NETWORKS", "office", "networks like"),
        ("WEBHOOKS_NAT64_PREFIXES", "64:ff9b::/97", "/32, /40"),
        ("WEBHOOKS_NAT64_PREFIXES", "10.0.0.0/32", "IPv6"),
        ("WEBHOOKS_REFUSED_PORTS", "70000", "port numbers"),
        ("WEBHOOKS_TIMEOUT_SECONDS", "61", "from 1 to 60"),
        ("WEBHOOKS_TIMEOUT_SECONDS", "nan", "a number of seconds"),
        ("WEBHOOKS_RETRY_SCHEDULE", "5s,5x", '"5x" is not one'),
        ("WEBHOOKS_RETRY_SCHEDULE", "25h", "longer"),
        ("WEBHOOKS_MAX_PAYLOAD_BYTES", "1", "bytes"),
        ("PUBLIC_BASE_URL", "hooks.example.com", "an address like"),
        ("PUBLIC_BASE_URL", "http://h:99999", "an address like"),
        ("TRUSTED_HOSTS", "https://hooks.example.com", "without scheme"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("DATABASE_URL", "mysql://h/d", "sqlite:///"),
        ("WEBHOOKS_OUTBOUND_PROXY", "socks5://h:1", "a proxy like"),
    ],
)
def test_a_bad_value_is_told_in_one_line(name, text, allowed):
    with pytest.raises(SettingError) as refused:
        read({name: text})

    message = str(refused.value)
    assert message.startswith(f'{name}="{text}" is not allowed: must be')
    assert allowed in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["SECRET_KEY", "WEBHOOKS_ENCRYPTION_KEYS"])
def test_production_refuses_a_short_secret_without_showing_it(name):
    with pytest.raises(SettingError, match=r"at least 32 bytes.*token_urlsafe") as refused:
        read({**PRODUCTION, name: "hunter2"})

    assert "hunter2" not in str(refused.value)


def test_a_refused_address_does_not_show_its_password():
    with pytest.raises(SettingError) as refused:
        read(DATABASE_URL="mysql://me:hunter2@h/d")

    assert "hunter2" not in str(refused.value)
    assert "me:***@h/d" in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://:hun@ter2@h/0", "redis://:***@h/0"),
        ("postgresql://me:hun@ter2@h/d", "postgresql://me:***@h/d"),
        ("mysql://me:hun:ter@2@h/d", "mysql://me:***@h/d"),
        ("mysql://me:hun/ter@2@h/d", "mysql://me:***@h/d"),
        ("foo me:hunter2@h", "foo me:***@h"),
        ("me:hunter2@h", "me:***@h"),
        ("unix:///tmp/r.sock?password=hunter2&db=1", "unix:///tmp/r.sock?password=***&db=1"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("redis://me@h:6379/0", "redis://me@h:6379/0"),
        ("sqlite:////data/a@b:c.db", "sqlite:////data/a@b:c.db"),
        ("localhost:6379", "localhost:6379"),
    ],
)
def test_an_address_is_shown_without_its_whole_password(address, shown):
    assert masked(address) == shown


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "WEBHOOKS_OUTBOUND_PROXY"])
def test_what_a_file_holds_is_not_shown_when_it_is_refused(tmp_path, name):
    file = tmp_path / "address"
    file.write_text("hunter2")

    with pytest.raises(SettingError, match=f"^{name}_FILE=.*is not allowed: must be") as refused:
        read({f"{name}_FILE": str(file)})
    assert "hunter2" not in str(refused.value)
    assert str(file) in str(refused.value)


def test_production_starts_with_what_it_needs():
    settings = read(PRODUCTION)

    assert settings.is_production
    assert settings.public_base_url == "https://hooks.example.com"
    assert settings.env_label == ""


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "WEBHOOKS_ENV"])
def test_production_refuses_to_start_without(name):
    with pytest.raises(SettingError, match=f"^{name} is not set, and production needs it"):
        read({each: text for each, text in PRODUCTION.items() if each != name})


@pytest.mark.parametrize(
    "given",
    [
        {"SECRET_KEY": ENCRYPTION_KEY},
        {"WEBHOOKS_ENCRYPTION_KEYS": f"{ENCRYPTION_KEY},{KEY}"},  # not even as one of those that still open
        {"SECRET_KEY_FALLBACKS": f"{'f' * 32} {ENCRYPTION_KEY}"},
        {"SECRET_KEY": "k" * 43, "WEBHOOKS_ENCRYPTION_KEYS": "k" * 43 + "="},  # the same, written in two ways
    ],
)
def test_what_signs_cookies_may_not_encrypt_secrets(given):
    """Row 39 of the security plan."""
    with pytest.raises(SettingError, match="must be other keys than SECRET_KEY") as refused:
        read({**PRODUCTION, **given})

    assert ENCRYPTION_KEY not in str(refused.value)


def test_production_says_how_to_make_a_key():
    with pytest.raises(SettingError, match="Make one with: python3 -c"):
        read({**PRODUCTION, "SECRET_KEY": ""})


def test_dev_env_is_the_last_source_and_production_ignores_it(tmp_path):
    (tmp_path / "dev.env").write_text(f"PORT=9000\nWEB_CONCURRENCY=3\nSECRET_KEY={KEY}\n")

    settings = read(instance=tmp_path, PORT="9001")

    assert (settings.port, settings.source("PORT")) == (9001, "environment")
    assert (settings.web_concurrency, settings.source("WEB_CONCURRENCY")) == (3, "dev.env")
    assert settings.source("LOG_LEVEL") == "default"
    assert settings.secret_key == KEY
    assert read(PRODUCTION, instance=tmp_path).web_concurrency == 2


def test_the_process_environment_is_not_read_behind_the_callers_back(monkeypatch):
    monkeypatch.setenv("PORT", "9999")

    assert read({}).port == 8000


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")

    assert read(SECRET_KEY_FILE=str(tmp_path / "key")).secret_key == KEY
    with pytest.raises(SettingError, match=r"SECRET_KEY_FILE=.*a file that can be read"):
        read(SECRET_KEY_FILE=str(tmp_path / "missing"))
    with pytest.raises(SettingError, match="both set"):
        read(SECRET_KEY_FILE=str(tmp_path / "key"), SECRET_KEY=KEY)


def test_empty_means_none_for_lists_and_not_set_for_the_rest():
    settings = read(WEBHOOKS_RETRY_SCHEDULE="", WEBHOOKS_HOOKS="", PORT="", WEBHOOKS_REFUSED_PORTS="")

    assert (settings.retry_schedule, settings.retry_schedule_is_set) == ((), True)
    assert settings.hooks == ()
    assert (settings.port, settings.source("PORT")) == (8000, "default")
    assert settings.refused_ports is None


def test_lists_are_read_with_commas_and_spaces():
    settings = read(WEBHOOKS_ALLOWED_NETWORKS="127.0.0.0/8, ::1", WEBHOOKS_ALLOWED_HOSTS="LocalHost .Lan")

    assert settings.allowed_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.allowed_hosts == ("localhost", ".lan")


def test_a_host_application_may_keep_its_short_key_in_development():
    assert read(SECRET_KEY="dev").secret_key == "dev"


def test_one_setting_is_read_whatever_the_others_are(tmp_path):
    broken = {"WEBHOOKS_ENV": "production", "LOG_LEVEL": "loud", "PORT": "9000"}

    assert Settings.read_one("PORT", broken, instance=tmp_path) == 9000
    assert Settings.read_one("WEB_CONCURRENCY", broken, instance=tmp_path) == 2
    with pytest.raises(SettingError, match=r"^LOG_LEVEL"):
        Settings.read_one("LOG_LEVEL", broken, instance=tmp_path)


def test_every_encryption_key_becomes_one_that_fernet_takes():
    made = base64.urlsafe_b64encode(bytes(range(32))).decode()

    keys = read(WEBHOOKS_ENCRYPTION_KEYS=f"{made.rstrip('=')},{made},{'f0' * 32}").encryption_keys

    assert keys[0] == keys[1] == made
    assert [len(base64.urlsafe_b64decode(key)) for key in keys] == [32, 32, 32]


def test_rows_show_everything_but_secrets():
    settings = read(SECRET_KEY=KEY, REDIS_URL="redis://:hunter2@h/0", PORT="9000")

    rows = {row.setting.name: row for row in settings.rows()}
    shown = " ".join(row.value for row in rows.values()) + repr(settings)

    assert (rows["PORT"].value, rows["PORT"].source, rows["PORT"].setting.default) == (
        "9000",
        "environment",
        "8000",
    )
    assert rows["SECRET_KEY"].value == "set"
    assert rows["REDIS_URL"].value == "redis://:***@h/0"
    assert rows["DATABASE_URL"].value == settings.database_url
    assert KEY not in shown
    assert "hunter2" not in shown


def test_while_the_encryption_keys_turn_it_is_seen_that_there_are_several():
    settings = read(WEBHOOKS_ENCRYPTION_KEYS=f"{KEY}-new,{KEY}-old")

    [row] = [row for row in settings.rows() if row.setting.name == "WEBHOOKS_ENCRYPTION_KEYS"]

    assert row.value == "2 set, newest first"
