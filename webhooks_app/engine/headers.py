"""Which headers may a listener add to its deliveries?

A value that reaches the wire must not be able to start another header, and a name must not replace what
we or the HTTP library say about the message, the connection or the sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from webhooks_app.errors import FieldError, Refused

HIDDEN = "(hidden)"
"""Stands in place of a listener's own value wherever one is shown, unless it is public: nobody reads it again."""

MAX_HEADERS = 32
MAX_VALUE_LENGTH = 4096
MAX_BYTES = 16 * 1024

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")  # RFC 9110 section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e]*")

RESERVED = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "cookie", "cookie2", "expect",
    "forwarded", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
})  # fmt: skip
RESERVED_PREFIXES = (
    "content-type", "proxy-", "webhook-", "x-amz-", "x-azure-", "x-forwarded-", "x-goog",
)  # fmt: skip


def checked_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the listener's own headers, names in lower case, in the order given.

    Raises `Refused` with every fault found, on the field `headers`. Its codes: header_count, header_name,
    header_reserved, header_value, header_hidden, header_length, header_twice, header_size.
    """
    errors = [FieldError("headers", code, sentence) for code, sentence in _faults(headers)]
    if errors:
        raise Refused(*errors)
    return tuple((name.lower(), value) for name, value in headers.items())


def checked_public(public: Iterable[str], headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the headers whose values may be shown, in lower case and each once.

    Raises `Refused` on the field `public_headers`, code header_unknown, for a name that is not among the headers.
    """
    names, known = tuple(dict.fromkeys(name.lower() for name in public)), {name.lower() for name in headers}
    strange = [name for name in names if name not in known]
    if strange:
        sentence = f"There is no header of this name to show: {', '.join(ascii(name) for name in strange)}."
        raise Refused(FieldError("public_headers", "header_unknown", sentence))
    return names


def hidden(headers: Mapping[str, str], *, public: Iterable[str] = ()) -> dict[str, str]:
    """The headers as people and programs may see them: with the values of the public ones."""
    shown = frozenset(public)
    return {name: value if name.lower() in shown else HIDDEN for name, value in headers.items()}


def with_kept(
    headers: Mapping[str, str],
    stored: Mapping[str, str],
    *,
    public: Iterable[str] = (),
    was_public: Iterable[str] = (),
) -> dict[str, str]:
    """The headers, with the stored value for each that came back hidden.

    One that becomes public stays hidden, and is refused as that: to mark a header must not be a way to read what
    somebody else wrote into it.
    """
    opened = {name.lower() for name in public}.difference(was_public)
    known = {name.lower(): value for name, value in stored.items() if name.lower() not in opened}
    return {
        name: known.get(name.lower(), value) if value == HIDDEN else value for name, value in headers.items()
    }


def _faults(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if len(headers) > MAX_HEADERS:
        yield "header_count", f"At most {MAX_HEADERS} headers are allowed."
        return
    seen: set[str] = set()
    for name, value in headers.items():
        fault = _name_fault(name) or _value_fault(name, value)
        if fault:
            yield fault
        elif name.lower() in seen:
            yield "header_twice", f"The header {name} is given twice."
        seen.add(name.lower())
    # The colon, the space and the end of the line count too.
    if sum(len(name) + len(value) + 4 for name, value in headers.items()) > MAX_BYTES:
        yield "header_size", f"All headers together may be {MAX_BYTES // 1024} KiB."


def _name_fault(name: str) -> tuple[str, str] | None:
    if not _TOKEN.fullmatch(name):
        return "header_name", f"{name!a} is not a header name."
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES):
        return "header_reserved", f"The header {name} cannot be set by a listener."
    return None


def _value_fault(name: str, value: str) -> tuple[str, str] | None:
    if value == HIDDEN:
        return "header_hidden", f"Write the value of {name}: none is stored that could stand here."
    if not _VALUE.fullmatch(value):
        return "header_value", "Header values may hold printable ASCII only."
    if value != value.strip(" \t"):
        return "header_value", f"The value of {name} begins or ends with a space."
    if len(value) > MAX_VALUE_LENGTH:
        return "header_length", f"The value of {name} is longer than {MAX_VALUE_LENGTH} characters."
    return None
