"""May a listener have this URL, and how is it written down?

Nothing is looked up: a name may lead anywhere by the time of the delivery, so the connection itself is
guarded (`address_guard`), and saving never waits for a name server. What is stored is what will be sent:
the host in lower case and ASCII, the path and query percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import idna

from webhooks_app.engine.address_guard import as_dialled
from webhooks_app.engine.addresses import LOCAL_SUFFIXES, NetworkPolicy
from webhooks_app.errors import FieldError, Refused

MAX_LENGTH = 2048

DEFAULT_PORTS = {"http": 80, "https": 443}

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::([0-9]*))?")
_NAMED = re.compile(r"([^:\[\]%]*)(?::([0-9]*))?")
# What the URL standard calls "ends in a number": such a host is an IPv4 address or nothing.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OCTET = re.compile(r"0|[1-9][0-9]{0,2}")
# Underscores are not in the standard of host names, but they resolve and are in use.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Without escapes: a server takes them for what they stand for, a slash or a step up.
_ECHO = re.compile(r"(.*)/echo/[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class _Authority:
    """The host, an IPv6 address without its brackets, and the port as written."""

    host: str
    port: int | None
    is_address: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def canonical_url(url: str, policy: NetworkPolicy) -> str:
    """Return the URL as it is stored and sent.

    Raises `Refused` with one error on the field `url`. Its codes: url_length, url_chars, url_scheme,
    url_https_only, url_host, url_fragment, url_userinfo, url_parse, url_host_escape, url_ip_form, url_port,
    ip_not_public, host_local, host_single_label, host_denied.
    """
    scheme, written, tail = _parts(url)
    if policy.https_only and scheme == "http":
        raise _refused("url_https_only", "Only https:// URLs are accepted here.")
    authority = _authority(written)
    canonical = _written_down(scheme, authority, tail)
    _check_port(scheme, authority, policy)
    _check_host(authority, policy)
    _check_not_own(scheme, authority, canonical, policy)
    return canonical


def warnings(url: str) -> list[str]:
    """What a person should know about an accepted URL."""
    if url.startswith("http:"):
        return ["Without https, anyone on the way can read what is sent."]
    return []


def readable_host(url: str) -> str:
    """The host of an accepted URL in its own script; the same as stored where that is plain ASCII."""
    host = urlsplit(url).hostname or ""
    try:
        return idna.decode(host) if "xn--" in host else host
    except UnicodeError:
        return host


def _parts(url: str) -> tuple[str, str, str]:
    """Divide into scheme, authority and what follows it."""
    if len(url) > MAX_LENGTH:
        raise _refused("url_length", f"The URL is longer than {MAX_LENGTH} characters.")
    if _FORBIDDEN.search(url):
        raise _refused("url_chars", "The URL holds a space, a backslash or a control character.")
    if not url:
        raise _refused("url_scheme", "Write a URL, such as https://example.com/hooks.")
    match = _SCHEME.fullmatch(url)
    if not match or match[1].lower() not in DEFAULT_PORTS:
        raise _refused("url_scheme", "Only http:// and https:// URLs are accepted.")
    if not match[2].startswith("//"):
        raise _refused("url_host", "Write two slashes and a host name after the colon.")
    if "#" in url:
        raise _refused("url_fragment", "A fragment (#…) is never sent. Remove it.")
    authority, tail = _split_before(match[2][2:], "/?")
    if "@" in authority:
        raise _refused("url_userinfo", "Put credentials into a header, not into the URL.")
    return match[1].lower(), authority, tail


def _split_before(text: str, stops: str) -> tuple[str, str]:
    end = min((at for at in map(text.find, stops) if at >= 0), default=len(text))
    return text[:end], text[end:]


def _authority(written: str) -> _Authority:
    bracketed = _BRACKETED.fullmatch(written)
    if bracketed:
        return _Authority(_ipv6(bracketed[1]), _port(bracketed[2]), is_address=True)
    named = _NAMED.fullmatch(written)
    if not named:
        raise _unreadable()
    if not named[1]:
        raise _refused("url_host", "Write a host name after the two slashes.")
    host = _ascii(named[1]).removesuffix(".")
    port = _port(named[2])
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        _check_four_decimals(host)
        return _Authority(host, port, is_address=True)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise _refused("url_host", "This is not a host name.")
    return _Authority(host, port)


def _ipv6(text: str) -> str:
    if "%" in text:
        raise _refused("url_host_escape", "Write the address without a zone or an escape (%).")
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise _unreadable() from None


def _ascii(host: str) -> str:
    """The name in lower case, its non-ASCII labels as IDNA 2008 A-labels; look-alikes are not mapped."""
    if host.isascii():
        return host.lower()
    try:
        return ".".join(
            label if label.isascii() else idna.encode(label, strict=True, std3_rules=True).decode("ascii")
            for label in host.lower().split(".")
        )
    except UnicodeError:
        raise _unreadable() from None


def _port(digits: str | None) -> int | None:
    if not digits:
        return None
    # Long zeros are no number anyone means, and int() refuses thousands of digits.
    if len(digits) > 5 or int(digits) > 65535:
        raise _unreadable()
    return int(digits)


def _check_four_decimals(host: str) -> None:
    octets = host.split(".")
    if len(octets) != 4 or not all(_OCTET.fullmatch(octet) and int(octet) < 256 for octet in octets):
        raise _refused("url_ip_form", "Write IPv4 addresses as four plain decimal numbers.")


def _written_down(scheme: str, authority: _Authority, tail: str) -> str:
    """Put the URL together as it will be sent, and make sure that nobody reads another host in it."""
    dialled = as_dialled(f"{scheme}://{authority}{tail}")
    if dialled is None:
        raise _unreadable()
    query = f"?{dialled.query}" if dialled.query else ""
    url = f"{scheme}://{authority}{dialled.path or '/'}{query}"
    try:
        split = urlsplit(url)
        read = (split.scheme, split.hostname, split.port)
    except ValueError:
        raise _unreadable() from None
    wanted = (scheme, authority.host, authority.port)
    again = as_dialled(url)
    if again is None or not read == wanted == (again.scheme, again.host, again.port):
        raise _unreadable()
    return url


def _check_port(scheme: str, authority: _Authority, policy: NetworkPolicy) -> None:
    port = DEFAULT_PORTS[scheme] if authority.port is None else authority.port
    if port in policy.refused_ports:
        raise _refused("url_port", f"Port {port} is not allowed.")


def _check_host(authority: _Authority, policy: NetworkPolicy) -> None:
    host = authority.host
    if authority.is_address:
        if not policy.allows(host):
            raise _refused("ip_not_public", f"{host} is not a public address.")
        return
    if policy.names_host(host):
        return
    if f".{host}".endswith(LOCAL_SUFFIXES):
        raise _refused("host_local", f"{host} is a name of the local network, not of the internet.")
    if "." not in host:
        raise _refused("host_single_label", f"{host} is not a full host name. Write it with its domain.")


def _check_not_own(scheme: str, authority: _Authority, url: str, policy: NetworkPolicy) -> None:
    port = authority.port or DEFAULT_PORTS[scheme]
    if not policy.is_own(authority.host, port):
        return
    echo = _ECHO.fullmatch(urlsplit(url).path)
    if echo is None or echo[1] not in policy.own_folders:
        raise _refused("host_denied", "This is the address of this application. Only its /echo/ is accepted.")


def _unreadable() -> Refused:
    return _refused("url_parse", "This cannot be read as a URL.")


def _refused(code: str, sentence: str) -> Refused:
    return Refused(FieldError("url", code, sentence))
