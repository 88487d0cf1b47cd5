"""What does the address of the log ask for? Its query string becomes a filter, and a filter becomes chips.

Pure: the caller passes the moment and the reader's zone. The names are those of the API, so that the same
list can be asked for there; `last` (1h, 24h, 7d) is the page's own, and is a moment in the API's address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from werkzeug.datastructures import MultiDict

from webhooks_app.storage import ids
from webhooks_app.storage.models import Status
from webhooks_app.storage.queries.deliveries import DeliveryFilter
from webhooks_app.web.error_words import ERROR_CLASSES, error_word
from webhooks_app.web.present import iso

SPANS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
}
EARLIEST, LATEST = 1970, 9000  # years
TESTS = {"1": "Tests only", "0": "Without tests"}

_CODE = re.compile(r"[1-5](xx|[0-9][0-9])", re.IGNORECASE)
_LONGEST = 200

Args = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the filter, with what is left of the address without it."""

    text: str
    rest: Args


@dataclass(frozen=True, slots=True)
class Asked:
    """`args` are the parts that count, as they stand in the address; `problems` a sentence for each that cannot."""

    wanted: DeliveryFilter
    args: Args = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """What a field of the form shows."""
        return next((value for key, value in self.args if key == name), "")

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses asked for."""
        return tuple(value for key, value in self.args if key == "status")


def read(args: MultiDict[str, str], *, now: datetime, zone: tzinfo) -> Asked:
    """The filter of a query string. What cannot be understood is left out and told in `problems`."""
    statuses, problems = _statuses(args)
    kept: list[tuple[str, str]] = [("status", one) for one in statuses]
    fields = {name: args.get(name, "").strip()[:_LONGEST] for name in _READERS}
    values: dict[str, object] = {}
    for name, text in fields.items():
        if not text:
            continue
        try:
            values[name] = _READERS[name](text, now, zone)
        except ValueError as error:
            problems[name] = str(error)
        else:
            kept.append((name, text))
    wanted = DeliveryFilter(
        hook=_text(values.get("hook")),
        listener_id=_text(values.get("listener")),
        event_id=_text(values.get("event")),
        status=statuses,
        code=_text(values.get("code")),
        error_class=_text(values.get("error_class")),
        since=_later(values.get("last"), values.get("since")),
        until=_moment(values.get("until")),
        test=values["test"] == "1" if "test" in values else None,
    )
    return Asked(wanted, tuple(kept), problems)


def chips(asked: Asked, *, listener_names: Mapping[str, str]) -> list[Chip]:
    """One chip for each part, in words; `listener_names` by bare id."""
    found = []
    for place, (name, value) in enumerate(asked.args):
        rest = asked.args[:place] + asked.args[place + 1 :]
        found.append(Chip(_words(name, value, listener_names), rest))
    return found


def api_args(asked: Asked) -> Args:
    """The same filter for the API, where moments are written out."""
    named = [(name, value) for name, value in asked.args if name not in ("last", "since", "until")]
    moments = [("since", asked.wanted.since), ("until", asked.wanted.until)]
    return tuple(named) + tuple((name, iso(moment)) for name, moment in moments if moment)


def local_moment(text: str, *, zone: tzinfo) -> datetime:
    """What a browser's date field wrote, in the reader's zone; a moment with its own offset is taken as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "Write a moment as 2026-11-22T07:31, or with its zone as 2026-11-22T07:31Z."
        ) from None
    # The calendar's first and last year have moments that other zones have no date for.
    if not EARLIEST <= moment.year <= LATEST:
        raise ValueError(f"Write a year from {EARLIEST} to {LATEST}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _statuses(args: MultiDict[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Those that are known, and what to say of any other."""
    # failed,held is how the API writes two of them.
    given = [part.strip() for text in args.getlist("status") for part in text.split(",")]
    known = tuple(status.value for status in Status if status.value in given)
    strange = next((part for part in given if part and part not in known), None)
    if strange is None:
        return known, {}
    return known, {"status": f'There is no status "{strange[:40]}". They are: {", ".join(Status)}.'}


def _code(text: str, _now: datetime, _zone: tzinfo) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError("Write a status code as 500, or as 5xx for all of its hundred.")
    return text


def _row_id(prefix: str, noun: str, text: str) -> str:
    found = ids.parse(prefix, text)
    if found is None:
        raise ValueError(f"This is not the id of {noun}.")
    return found


def _span(text: str, now: datetime, _zone: tzinfo) -> datetime:
    if text not in SPANS:
        raise ValueError("Known times are 1h, 24h and 7d.")
    return now - SPANS[text][1]


def _one_of(known: Mapping[str, str], text: str) -> str:
    if text not in known:
        raise ValueError("This is not one of the choices.")
    return text


def _error_class(text: str, _now: datetime, _zone: tzinfo) -> str:
    # http_503 is found by its code too; it is not in the list because there are hundreds.
    return text if text.startswith("http_") else _one_of(ERROR_CLASSES, text)


_READERS: dict[str, Callable[[str, datetime, tzinfo], object]] = {
    "hook": lambda text, _now, _zone: text,
    "listener": lambda text, _now, _zone: _row_id(ids.LISTENER, "a listener", text),
    "event": lambda text, _now, _zone: _row_id(ids.EVENT, "an event", text),
    "code": _code,
    "error_class": _error_class,
    "last": _span,
    "since": lambda text, _now, zone: local_moment(text, zone=zone),
    "until": lambda text, _now, zone: local_moment(text, zone=zone),
    "test": lambda text, _now, _zone: _one_of(TESTS, text),
}


def _text(value: object) -> str | None:
    return str(value) if value else None


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _later(*values: object) -> datetime | None:
    return max((value for value in values if isinstance(value, datetime)), default=None)


def _words(name: str, value: str, listener_names: Mapping[str, str]) -> str:
    if name == "listener":
        return listener_names.get(ids.parse(ids.LISTENER, value) or "", value)
    plain = {
        "status": value.capitalize(),
        "last": SPANS[value][0] if value in SPANS else value,
        "test": TESTS.get(value, value),
        "error_class": error_word(value),
        "since": f"From {value.replace('T', ' ')}",
        "until": f"Until {value.replace('T', ' ')}",
        "event": f"Event {value[:10]}…",
    }
    return plain.get(name, value)
