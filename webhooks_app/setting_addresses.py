"""Is this an address of a page, a proxy, a Redis or a database? What the libraries would stumble over later.

As in setting_values, every parser gives the value or raises ValueError, whose sentence says what is allowed
and does not repeat the text, because it may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, parse_qsl, urlsplit

_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_REDIS = (
    "must be redis://…, rediss://…, unix:///path/of/a/socket "
    "or redis+sentinel://host:26379,host:26379/name-of-the-master"
)
_POSTGRESQL = "must be sqlite:///path/of/a/file.db or postgresql://user:password@host/database"
_USER_AND_HOST = re.compile(
    r"([^:/]*(:[^@]*)?@)?(\[[^\]/?]+\]|[^:/?@\s]+)?(:(?P<port>[^/?@]*))?(/[^?]*)?(\?.*)?", re.DOTALL
)

Option = Callable[[str], bool]
_WHOLE: Option = re.compile(r"[0-9]{1,9}").fullmatch  # type: ignore[assignment]  # a match is as good as True
_SECONDS: Option = re.compile(r"[0-9]{1,9}(\.[0-9]+)?").fullmatch  # type: ignore[assignment]  # as above
_TEXT: Option = bool


def _switch(text: str) -> bool:
    return text.lower() in ("1", "0", "true", "false", "yes", "no", "on", "off")


# What redis-py takes in a URL's query, by the connection that it would be given to.
_OF_ALL: Mapping[str, Option] = {
    "db": _WHOLE,
    "username": _TEXT,
    "password": _TEXT,
    "client_name": _TEXT,
    "protocol": _WHOLE,
    "max_connections": _WHOLE,
    "health_check_interval": _WHOLE,
    "socket_timeout": _SECONDS,
    "socket_read_size": _WHOLE,
    "retry_on_timeout": _switch,
}
_OF_TCP = {**_OF_ALL, "socket_connect_timeout": _SECONDS, "socket_keepalive": _switch}
_OF_TLS = {
    **_OF_TCP,
    "ssl_check_hostname": _switch,
    "ssl_min_version": _WHOLE,
    **dict.fromkeys(
        (
            "ssl_cert_reqs",
            "ssl_ca_certs",
            "ssl_ca_path",
            "ssl_certfile",
            "ssl_keyfile",
            "ssl_password",
            "ssl_ciphers",
        ),
        _TEXT,
    ),
}
_OPTIONS = {"redis": _OF_TCP, "rediss": _OF_TLS, "unix": _OF_ALL}


def is_host(text: str) -> bool:
    """Whether this is a host's name or address; an IPv6 one may stand in brackets."""
    if _HOST.fullmatch(text):
        return True
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def web_url(text: str) -> str:
    """An http or https address without query; a final slash is dropped."""
    parts = _split(text)
    if (
        not parts
        or parts.scheme not in ("http", "https")
        or not _has_host(parts)
        or parts.username is not None
    ):
        raise ValueError("must be an address like https://hooks.example.com.")
    if parts.query or parts.fragment:
        raise ValueError("must be an address without ? and #, like https://hooks.example.com.")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """An http or https proxy, with name and password if it wants them."""
    parts = _split(text)
    if parts and parts.scheme in ("http", "https") and _has_host(parts) and parts.path in ("", "/"):
        return text.rstrip("/")
    raise ValueError("must be a proxy like http://proxy.example.com:3128.")


def redis_url(text: str) -> str:
    """A Redis server, a unix socket, or redis+sentinel://host:26379,host:26379/name-of-the-master."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "redis+sentinel":
        return _sentinel_url(text)
    if not separator or not rest.strip("/") or scheme not in _OPTIONS:
        raise ValueError(f"{_REDIS}.")
    parts = _split(text)
    if parts is None or parts.fragment or (parts.hostname and not is_host(parts.hostname)):
        _refuse_redis(
            "its host or port cannot be read; in a password, / ? # and @ are written %2F %3F %23 and %40"
        )
    if scheme == "unix" and not parts.path.strip("/"):
        _refuse_redis("the path of the socket is missing")
    if scheme != "unix":
        _check_database_number(parts.path.strip("/"))
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        is_allowed = _OPTIONS[scheme].get(name)
        if is_allowed is None or not is_allowed(value):
            _refuse_redis(f'the option "{name[:40]}" is not known there, or cannot have this value')
    return text


def redis_exposure(url: str) -> str:
    """Why others could read or write this Redis, in one sentence; empty where nobody else reaches it.

    Who writes to it cannot make a worker run anything but our own two jobs, but can empty the queue and fill it.
    """
    parts = urlsplit(url)
    places = parts.netloc.rpartition("@")[2].split(",")
    if parts.scheme == "unix" or all(_is_loopback(place) for place in places):
        return ""
    if not (":" in parts.netloc.rpartition("@")[0] or dict(parse_qsl(parts.query)).get("password")):
        return (
            "Redis is on another host and wants no password: whoever reaches its port can change the queue."
        )
    if parts.scheme != "rediss":
        return (
            "Redis is on another host without TLS (rediss://): its password crosses the network unencrypted."
        )
    return ""


def network_exposure(
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network], *, is_production: bool
) -> str:
    """Which of WEBHOOKS_ALLOWED_NETWORKS open more than any network inside could be, in one sentence; mostly empty.

    The largest are 10.0.0.0/8 and fc00::/7; whoever opens more has opened the guard itself. In development nobody
    needs to be told.
    """
    if not is_production:
        return ""
    wide = [str(each) for each in networks if each.prefixlen < (8 if each.version == 4 else 7)]
    if not wide:
        return ""
    return (
        f"WEBHOOKS_ALLOWED_NETWORKS opens {' and '.join(wide)}: whoever enters a listener's URL reaches nearly"
        " everything inside this network. Name only those networks that receivers are in."
    )


def _is_loopback(place: str) -> bool:
    bare = re.sub(r"(?<=[^:]):[0-9]*$", "", place).strip("[]")  # without its port
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare.lower() in ("", "localhost")


def _sentinel_url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    places = parts.netloc.rpartition("@")[2].split(",")
    if not all(is_host(host) and (not colon or _is_port(port)) for host, colon, port in
               (place.partition(":") for place in places)):  # fmt: skip
        _refuse_redis("a host or port cannot be read")
    if parts.query or parts.fragment:
        _refuse_redis("Sentinel takes no options")
    _master, _, database = parts.path.strip("/").partition("/")
    _check_database_number(database)
    return text


def _check_database_number(text: str) -> None:
    if text and not _WHOLE(text):
        _refuse_redis("the number of the database is no number")


def _refuse_redis(reason: str) -> NoReturn:
    raise ValueError(f"{_REDIS}; {reason}.")


def database_url(text: str) -> str:
    """SQLite or PostgreSQL, with the driver that is installed."""
    scheme, separator, rest = text.partition("://")
    if separator and rest and scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        found = _USER_AND_HOST.fullmatch(rest)
        if found is None or (found["port"] and not _is_port(found["port"])):
            raise ValueError(
                f"{_POSTGRESQL}; its host or port cannot be read; in a password, @ and / are written %40 and %2F."
            )
        return f"postgresql+psycopg://{rest}"
    if separator and scheme in ("sqlite", "sqlite+pysqlite") and (not rest or rest[0] in "/?"):
        return f"sqlite://{rest}"
    raise ValueError(f"{_POSTGRESQL}.")


def absolute(url: str, *, root: Path) -> str:
    """A database URL whose SQLite path no longer depends on who opens it."""
    # Flask-SQLAlchemy would start a relative path at `instance/`, and the shell at the working directory.
    place = url.removeprefix("sqlite:///")
    if place == url or place.startswith((":memory:", "file:")) or not place.partition("?")[0]:
        return url
    path, question, query = place.partition("?")
    return f"sqlite:///{root / path}{question}{query}"


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (reading it is the check: a bad port raises)
    except ValueError:
        return None
    return parts


def _has_host(parts: SplitResult) -> bool:
    return parts.hostname is not None and is_host(parts.hostname)


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) <= 65535
