"""What can be set, what does it mean, and what is it now?

The fields of `Settings` are the one table: the README, the settings page and `webhooks config` are made
from it. A value comes from the environment, else from `instance/dev.env` (never in production), else from
its default; a secret also from the file that NAME_FILE names. Everything is read once, at the start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

from webhooks_app import setting_addresses as addresses
from webhooks_app import setting_values as kinds
from webhooks_app.schedule import parse_schedule
from webhooks_app.setting import HOW_TO_MAKE_A_KEY, Setting, masked
from webhooks_app.setting_pairs import refuse_shared_key
from webhooks_app.setting_source import DEFAULT, DEV_ENV, Source, says_production
from webhooks_app.setting_values import Network

__all__ = ["DEV_ENV", "HOW_TO_MAKE_A_KEY", "Setting", "SettingRow", "Settings"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it is now; a secret's value is only "set" or "not set"."""

    setting: Setting
    value: str
    source: str  # "environment", "dev.env" or "default"


def _set(name: str, parse: Callable[[str], T], default: str, meaning: str, **more: bool) -> T:
    # A dataclass field that carries its line of the table; its declared type is what `parse` gives.
    setting = Setting(name, parse, default, meaning, **more)
    return cast("T", field(metadata={"setting": setting}, repr=not (setting.secret or setting.address)))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, read. An attribute has the setting's name without WEBHOOKS_, in lower case."""

    env: str = _set(
        "WEBHOOKS_ENV",
        kinds.one_of("development", "production"),
        "development",
        "production: refuse to start while a key is missing, and ignore instance/dev.env",
    )
    database_url: str = _set(
        "DATABASE_URL",
        kinds.computed(addresses.database_url),
        "",
        "SQLite (a relative path starts at the project's root; default: instance/webhooks.db) or PostgreSQL",
        address=True,
    )
    redis_url: str = _set(
        "REDIS_URL",
        kinds.computed(addresses.redis_url),
        "",
        "redis://, rediss://, unix:// or redis+sentinel:// (default: the server that `webhooks up` starts)",
        address=True,
        required=True,
    )
    secret_key: str = _set(
        "SECRET_KEY", kinds.plain, "", "signs cookies and tokens", secret=True, required=True
    )
    secret_key_fallbacks: tuple[str, ...] = _set(
        "SECRET_KEY_FALLBACKS",
        kinds.words,
        "",
        "former values of SECRET_KEY, newest first: their sessions go on",
        secret=True,
        may_be_empty=True,
    )
    encryption_keys: tuple[str, ...] = _set(
        "WEBHOOKS_ENCRYPTION_KEYS",
        kinds.encryption_keys,
        "",
        "encrypt secrets at rest; newest first, so that keys can turn",
        secret=True,
        required=True,
    )
    public_base_url: str = _set(
        "PUBLIC_BASE_URL",
        kinds.computed(addresses.web_url),
        "",
        "where people reach the pages (default: http://127.0.0.1:$PORT)",
        required=True,
    )
    trusted_hosts: tuple[str, ...] = _set(
        "TRUSTED_HOSTS",
        kinds.host_names,
        "",
        "host names to answer; .example.com means all below it (default: the base URL's and loopback)",
        required=True,
    )
    port: int = _set("PORT", kinds.whole(1, 65535), "8000", "the web server's port")
    web_concurrency: int = _set("WEB_CONCURRENCY", kinds.whole(1, 64), "2", "web processes")
    workers: int = _set(
        "WEBHOOKS_WORKERS", kinds.whole(1, 64), "1", "worker processes, besides one for slow receivers"
    )
    log_level: str = _set(
        "LOG_LEVEL",
        kinds.one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", change=str.upper),
        "INFO",
        "the least that is logged",
    )
    log_format: str = _set(
        "LOG_FORMAT", kinds.one_of("text", "json"), "text", "lines for people or for programs"
    )
    hooks: tuple[str, ...] = _set(
        "WEBHOOKS_HOOKS",
        kinds.modules,
        "webhooks_app.demo",
        "modules to import for their hooks",
        may_be_empty=True,
    )
    allowed_networks: tuple[Network, ...] = _set(
        "WEBHOOKS_ALLOWED_NETWORKS",
        kinds.networks,
        "",
        "CIDRs that deliveries may reach although they are not public",
        may_be_empty=True,
    )
    allowed_hosts: tuple[str, ...] = _set(
        "WEBHOOKS_ALLOWED_HOSTS",
        kinds.host_names,
        "",
        "names or .suffix accepted although local; their addresses must still be allowed",
        may_be_empty=True,
    )
    https_only: bool = _set("WEBHOOKS_HTTPS_ONLY", kinds.switch, "0", "refuse http:// listeners")
    outbound_proxy: str | None = _set(
        "WEBHOOKS_OUTBOUND_PROXY",
        kinds.optional(addresses.proxy_url),
        "",
        "send through this proxy, which then has to refuse addresses inside the network",
        address=True,
    )
    nat64_prefixes: tuple[IPv6Network, ...] = _set(
        "WEBHOOKS_NAT64_PREFIXES",
        kinds.nat64_prefixes,
        "",
        "IPv6 prefixes whose embedded IPv4 address decides",
        may_be_empty=True,
    )
    refused_ports: tuple[int, ...] | None = _set(
        "WEBHOOKS_REFUSED_PORTS",
        kinds.optional(kinds.ports),
        "",
        "ports no listener may use, instead of the built-in list",
    )
    timeout_seconds: float = _set(
        "WEBHOOKS_TIMEOUT_SECONDS", kinds.seconds(1, 60), "15", "the total of one attempt"
    )
    retry_schedule: tuple[timedelta, ...] = _set(
        "WEBHOOKS_RETRY_SCHEDULE",
        parse_schedule,
        "5s,5m,30m,2h,5h,10h,14h,20h,24h",
        "the waits between attempts; empty means one attempt",
        may_be_empty=True,
    )
    sender_threads: int = _set(
        "WEBHOOKS_SENDER_THREADS", kinds.whole(1, 512), "64", "requests in flight a worker"
    )
    sends_per_listener: int = _set(
        "WEBHOOKS_SENDS_PER_LISTENER",
        kinds.whole(1, 64),
        "8",
        "requests in flight to one listener; falls by itself for a slow one",
    )
    retention_days: int = _set(
        "WEBHOOKS_RETENTION_DAYS", kinds.whole(1, 3650), "30", "days to keep events and deliveries"
    )
    retention_failed_days: int = _set(
        "WEBHOOKS_RETENTION_FAILED_DAYS", kinds.whole(1, 3650), "90", "days to keep failed deliveries"
    )
    retention_body_days: int = _set(
        "WEBHOOKS_RETENTION_BODY_DAYS", kinds.whole(0, 3650), "7", "days to keep what was sent and answered"
    )
    max_payload_bytes: int = _set(
        "WEBHOOKS_MAX_PAYLOAD_BYTES", kinds.size(1024, 16 * 1024**2), "262144", "the largest payload, encoded"
    )
    min_free_bytes: int = _set(
        "WEBHOOKS_MIN_FREE_BYTES",
        kinds.size(0, 2**50),
        "512MiB",
        "less free disk than this: the API refuses events",
    )
    env_label: str = _set(
        "WEBHOOKS_ENV_LABEL",
        kinds.plain,
        "",
        "shown in the top bar (default: development, in production nothing)",
    )
    proxy_hops: int = _set("WEBHOOKS_PROXY_HOPS", kinds.whole(0, 10), "0", "reverse proxies to believe")
    metrics_token: str | None = _set(
        "WEBHOOKS_METRICS_TOKEN",
        kinds.optional(kinds.plain),
        "",
        "opens /metrics to a bearer; without it the page is off",
        secret=True,
    )
    root: Path
    instance_path: Path
    sources: Mapping[str, str]
    texts: Mapping[str, str] = field(repr=False)  # as they were written, secrets left out

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, *, root: Path, instance: Path) -> Settings:
        """Read every setting; SettingError says in one line which one is wrong, and what is allowed."""
        source = _source(environ, instance)
        values: dict[str, Any] = {"root": root, "instance_path": instance, "sources": {}, "texts": {}}
        is_production = says_production(environ)
        for setting in table():
            found = source.find(setting)
            text = found.text
            if is_production:
                setting.check_for_production(text)
            values["sources"][setting.name] = found.layer
            values[setting.attribute] = setting.value(text, file=found.file)
            if text is not None and not setting.secret:
                values["texts"][setting.name] = masked(text) if setting.address else text
        settings = cls(**values)
        refuse_shared_key((settings.secret_key, *settings.secret_key_fallbacks), settings.encryption_keys)
        return _completed(settings)

    @classmethod
    def read_one(cls, name: str, environ: Mapping[str, str] = os.environ, *, instance: Path) -> Any:
        """One setting, whatever the others are: for a server that is configured before its application."""
        setting = next(each for each in table() if each.name == name)
        found = _source(environ, instance).find(setting)
        return setting.value(found.text, file=found.file)

    @property
    def is_production(self) -> bool:
        """Whether WEBHOOKS_ENV says production."""
        return self.env == "production"

    @property
    def retry_schedule_is_set(self) -> bool:
        """Whether somebody chose the schedule: then no built-in minimum wait is added to it."""
        return self.source("WEBHOOKS_RETRY_SCHEDULE") != DEFAULT

    def source(self, name: str) -> str:
        """Where a setting's value came from: "environment", "dev.env" or "default"."""
        return self.sources[name]

    def rows(self) -> tuple[SettingRow, ...]:
        """Every setting as it is now, in the table's order."""
        return tuple(self._row(setting) for setting in table())

    def _row(self, setting: Setting) -> SettingRow:
        written = self.texts.get(setting.name, setting.default)
        now = getattr(self, setting.attribute)
        if setting.secret:
            # More than one while the encryption keys turn: the older ones can go after `rotate-keys`.
            many = f"{len(now)} set, newest first" if isinstance(now, tuple) and len(now) > 1 else "set"
            shown = many if now else "not set"
        elif setting.address:
            shown = masked(now or "")
        else:
            shown = written or (now if isinstance(now, str) else " ".join(now or ()))
        return SettingRow(setting, shown, self.source(setting.name))


def table() -> tuple[Setting, ...]:
    """Every setting there is, in the order of the README."""
    return tuple(each.metadata["setting"] for each in fields(Settings) if each.metadata)


def _source(environ: Mapping[str, str], instance: Path) -> Source:
    return Source(environ, dev_env=None if says_production(environ) else instance / DEV_ENV)


def _completed(settings: Settings) -> Settings:
    # What is worked out from other settings.
    base_url = settings.public_base_url or f"http://127.0.0.1:{settings.port}"
    hosts = (str(urlsplit(base_url).hostname), "127.0.0.1", "localhost")
    label = "" if settings.is_production else "development"
    return replace(
        settings,
        public_base_url=base_url,
        trusted_hosts=settings.trusted_hosts or tuple(dict.fromkeys(hosts)),
        database_url=addresses.absolute(
            settings.database_url or f"sqlite:///{settings.instance_path}/webhooks.db", root=settings.root
        ),
        redis_url=settings.redis_url or f"unix://{quote(str(settings.instance_path))}/run/redis.sock",
        env_label=settings.env_label or label,
    )
