"""What may a listener be? Decided once, here; forms, the API and code only map the errors to their fields.

What is accepted comes back canonical: the URL as it will be sent, names in lower case where they do not
differ, numbers as numbers. Every fault is found at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from webhooks_app.attributes import TIMEOUT_SECONDS
from webhooks_app.engine import Engine
from webhooks_app.engine.authorities import checked_authorities
from webhooks_app.engine.configuration import checked_config
from webhooks_app.engine.headers import checked_headers, checked_public
from webhooks_app.engine.message import BODY_FORMATS
from webhooks_app.engine.signing import key_of
from webhooks_app.engine.unsealed import open_headers
from webhooks_app.engine.url import canonical_url, readable_host
from webhooks_app.engine.wanted_filter import Given, wanted_filter
from webhooks_app.errors import FieldError, Refused
from webhooks_app.event import Hook
from webhooks_app.match import Filter
from webhooks_app.schedule import parse_schedule
from webhooks_app.storage.models import DISCARD, Listener

LONGEST_NAME = 200
RATE_PER_SECOND = (0.001, 1000.0)
SENDS_IN_FLIGHT = (1, 64)

# What becomes of the bodies of a listener's answers: they may hold what nobody here should read.
ANSWER_BODIES = {"keep": "Keep them", DISCARD: "Discard them"}

_A_TEXT: tuple[type, str] = (str, "Give a text")
_TYPES: Mapping[str, tuple[Any, str]] = {
    "url": _A_TEXT,
    "name": _A_TEXT,
    "body_format": _A_TEXT,
    "answer_bodies": _A_TEXT,
    "trusted_ca": (str | None, "Give certificates as PEM, in a text"),
    "retry_schedule": (str | None, "Give waits like 5s, 5m or 2h, as a text or a list"),
    "headers": (Mapping, "Give a dict of names and values"),
    "public_headers": (list | tuple, "Give a list of names"),
    "config": (Mapping, "Give a dict"),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A listener as somebody wants it. None means: as the hook or the settings say.

    `given_filter` is a filter as it came from outside; `check` reads it, and adds it to `filter`. What `kept_filter`
    asks is not asked whether it can hold: it is stored, or stands in code, which may know more than what is declared.
    Nor must an authority of `kept_ca` be valid still: else nothing could be changed, and no process start, once one of
    them has expired.
    """

    url: str
    name: str = ""  # empty: the URL's host
    filter: Filter = Filter({})  # noqa: RUF009 (a filter cannot be changed)
    given_filter: Given = None
    kept_filter: Filter = Filter({})  # noqa: RUF009 (likewise)
    timeout_seconds: float | None = None
    retry_schedule: str | None = None  # "5s,5m,2h"; "" is one attempt
    rate_limit_per_second: float | None = None
    sends_in_flight: int | None = None
    body_format: str = "plain"
    answer_bodies: str = "keep"
    headers: Mapping[str, str] = field(default_factory=dict)
    public_headers: Sequence[str] = ()  # the names of those whose values may be shown
    trusted_ca: str | None = None  # authorities (PEM) in place of the public ones
    kept_ca: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


def check(engine: Engine, hook: Hook, wanted: Wanted, *, secret: str | None = None) -> Wanted:
    """Give what is wanted in its canonical form.

    Raises Refused with every FieldError at once, but those of wrong types before the others. Fields: url name
    filter.<argument> headers public_headers timeout_seconds retry_schedule rate_limit_per_second sends_in_flight
    body_format answer_bodies trusted_ca secret config config.<field>.
    """
    errors = [*_type_faults(wanted, secret)]
    if errors:
        raise Refused(*errors)
    url = _or_errors(errors, lambda: canonical_url(wanted.url.strip(), engine.policy), "")
    headers = _or_errors(errors, lambda: dict(checked_headers(wanted.headers)), dict[str, str]())
    public = _or_errors(
        errors, lambda: checked_public(wanted.public_headers, wanted.headers), tuple[str, ...]()
    )
    config = _or_errors(errors, lambda: checked_config(hook, wanted.config), dict[str, Any]())
    trusted = _or_errors(errors, lambda: _authorities_of(engine, wanted), None)
    asked = _or_errors(errors, lambda: _filter_of(hook, wanted), Filter({}))
    errors += _setting_faults(wanted)
    if secret is not None:
        errors += _secret_faults(secret)
    if errors:
        raise Refused(*errors)
    name = wanted.name.strip() or readable_host(url)
    return replace(
        wanted,
        url=url,
        name=name[:LONGEST_NAME],
        filter=asked,
        given_filter=None,
        headers=headers,
        public_headers=public,
        trusted_ca=trusted,
        config=config,
    )


def own_headers(engine: Engine, listener: Listener) -> dict[str, str]:
    """The headers that the listener adds to its deliveries, in clear. Raises SecretUnavailable."""
    return open_headers(engine.seal, listener)


def wanted_of(
    engine: Engine,
    listener: Listener,
    *,
    filter: Filter | None = None,  # noqa: A002 (the name of what it replaces)
    headers: Mapping[str, str] | None = None,
) -> Wanted:
    """The listener as somebody could have wanted it.

    A filter or headers given here stand in place of the stored ones, which are then not read. Raises
    SecretUnavailable, BadFilter for a broken row.
    """
    stored = Filter.from_json(listener.filter) if filter is None else filter
    return Wanted(
        url=listener.url,
        name=listener.name,
        filter=stored,
        kept_filter=stored,
        timeout_seconds=listener.timeout_seconds,
        retry_schedule=listener.retry_schedule,
        rate_limit_per_second=listener.rate_limit_per_second,
        sends_in_flight=listener.sends_in_flight,
        body_format=listener.body_format,
        answer_bodies=listener.answer_bodies,
        headers=own_headers(engine, listener) if headers is None else headers,
        public_headers=tuple(listener.public_headers),
        trusted_ca=listener.trusted_ca,
        kept_ca=listener.trusted_ca,
        config=listener.config,
    )


def _filter_of(hook: Hook, wanted: Wanted) -> Filter:
    return wanted_filter(hook, wanted.filter, wanted.given_filter, kept=wanted.kept_filter)


def _authorities_of(engine: Engine, wanted: Wanted) -> str | None:
    return checked_authorities(wanted.trusted_ca or "", now=engine.clock(), kept=wanted.kept_ca)


def _or_errors(errors: list[FieldError], checked: Callable[[], T], otherwise: T) -> T:
    try:
        return checked()
    except Refused as refused:
        errors.extend(refused.errors)
        return otherwise


def _type_faults(wanted: Wanted, secret: object) -> Iterator[FieldError]:
    """What only code can give: forms and the API have read their fields as what they are."""
    given = {**{name: getattr(wanted, name) for name in _TYPES}, "secret": "" if secret is None else secret}
    for name, (kind, sentence) in {**_TYPES, "secret": _A_TEXT}.items():
        if not isinstance(given[name], kind):
            yield FieldError(name, "wrong_type", f"{sentence}, not {type(given[name]).__name__}.")
    headers: Any = wanted.headers if isinstance(wanted.headers, Mapping) else {}
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            yield FieldError("headers", "wrong_type", f"The name and the value of {name!r} must be texts.")
    names = wanted.public_headers
    if isinstance(names, list | tuple) and not all(isinstance(name, str) for name in names):
        yield FieldError("public_headers", "wrong_type", "Each name must be a text.")


def _secret_faults(secret: str) -> Iterator[FieldError]:
    try:
        key_of(secret)
    except ValueError as error:
        yield FieldError("secret", "secret_format", str(error))


def _setting_faults(wanted: Wanted) -> Iterator[FieldError]:
    name = wanted.name.strip()
    if len(name) > LONGEST_NAME:
        yield FieldError("name", "name_length", f"The name is longer than {LONGEST_NAME} characters.")
    if not name.isprintable():
        yield FieldError("name", "name_chars", "The name holds a line break or a control character.")
    yield from _range_faults("timeout_seconds", wanted.timeout_seconds, TIMEOUT_SECONDS)
    yield from _range_faults("rate_limit_per_second", wanted.rate_limit_per_second, RATE_PER_SECOND)
    yield from _range_faults("sends_in_flight", wanted.sends_in_flight, SENDS_IN_FLIGHT, whole=True)
    yield from _schedule_faults(wanted.retry_schedule)
    if wanted.body_format not in BODY_FORMATS:
        yield FieldError(
            "body_format", "body_format", f"The body format is one of {', '.join(BODY_FORMATS)}."
        )
    if wanted.answer_bodies not in ANSWER_BODIES:
        said = f"What becomes of the answers' bodies is one of {', '.join(ANSWER_BODIES)}."
        yield FieldError("answer_bodies", "answer_bodies", said)


def _range_faults(
    name: str, value: float | None, span: tuple[float, float], *, whole: bool = False
) -> Iterator[FieldError]:
    if value is None:
        return
    kind = int if whole else (int, float)
    is_number = isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not span[0] <= value <= span[1]:
        what = "whole number" if whole else "number"
        yield FieldError(name, "out_of_range", f"Write a {what} from {span[0]:g} to {span[1]:g}.")


def _schedule_faults(schedule: str | None) -> Iterator[FieldError]:
    try:
        parse_schedule(schedule or "")
    except ValueError as error:
        yield FieldError("retry_schedule", "schedule", f"The schedule {error}")
