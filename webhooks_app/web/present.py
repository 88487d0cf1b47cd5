"""How is a value shown to people?

Pure functions from a value to its words, and `register`, which gives them to the
templates. What depends on the reader (the zone, the moment of reading) is passed in;
only `register` looks at the request. Every function that answers with markup escapes
what it was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context, request
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JsonLexer, TextLexer

from webhooks_app.directions import written_out
from webhooks_app.engine.url import readable_host
from webhooks_app.schedule import written
from webhooks_app.web import assets, charts
from webhooks_app.web.error_words import error_word

MISSING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_KEPT_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d UTC)", re.ASCII)
SHOWN_CHARACTERS = 65_536  # more would freeze a phone; the page offers the rest as a download


def register(app: Flask, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Give `app`'s templates the filters, `static_url` and the geometry of the charts."""
    app.jinja_env.filters.update(
        iso=iso,
        relative=lambda moment: relative(moment, now=clock()),
        full_time=lambda moment: full_time(moment, zone=readers_zone()),
        short_time=lambda moment: short_time(moment, zone=readers_zone()),
        with_times=lambda text: with_times(text, zone=readers_zone()),
        with_code=with_code,
        written=written,
        duration=duration,
        bytes=byte_size,
        number=number,
        short_number=short_number,
        percent=percent,
        plural=plural,
        json_html=json_html,
        pretty_json=pretty_json,
        compact_json=compact_json,
        error_word=error_word,
        host_of=readable_host,
        clipped=clipped,
        is_clipped=is_clipped,
    )
    app.jinja_env.globals.update(
        readers_zone_name=lambda: zone_name(readers_zone()),
        has_endpoint=lambda name: name in app.view_functions,
        stacked_bars=charts.stacked_bars,
        line_paths=charts.line_paths,
        spark_points=charts.spark_points,
        timeline_blocks=charts.timeline_blocks,
    )
    assets.register(app)


def readers_zone() -> tzinfo:
    """The zone of who is reading: the cookie `tz`, or UTC where there is none."""
    return zone_named(request.cookies.get("tz")) if has_request_context() else UTC


def zone_named(name: str | None) -> tzinfo:
    """The zone of an IANA name that came from a browser; UTC for a name nobody knows."""
    if not name or name == "UTC" or len(name) > 64:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):  # a path, an unknown name, a folder of zones
        return UTC


def zone_name(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC to the second, as in the API: 2026-11-22T07:31:04Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def full_time(moment: datetime, *, zone: tzinfo) -> str:
    """The whole moment with its zone: 22 Nov 2026, 13:01:04 Asia/Kolkata (UTC+05:30)."""
    there = moment.astimezone(zone)
    if zone is UTC:
        return f"{_day(there)} {there.year}, {there:%H:%M:%S} UTC"
    # An hour that a clock change repeats is told apart by the offset.
    offset = f"{there:%z}"
    return f"{_day(there)} {there.year}, {there:%H:%M:%S} {zone_name(zone)} (UTC{offset[:3]}:{offset[3:5]})"


def short_time(moment: datetime, *, zone: tzinfo) -> str:
    """For a column of times: 22 Nov 13:01:04."""
    there = moment.astimezone(zone)
    return f"{_day(there)} {there:%H:%M:%S}"


def _day(there: datetime) -> str:
    # strftime's month follows the server's locale, and the page is in English.
    return f"{there.day} {MONTHS[there.month - 1]}"


def with_times(text: str, *, zone: tzinfo) -> Markup:
    """A sentence that was kept, with the moments that it has in UTC told in the reader's zone."""
    parts = _KEPT_MOMENT.split(text)
    # Every second part is a moment.
    told = [_time_tag(part, zone=zone) if place % 2 else escape(part) for place, part in enumerate(parts)]
    return Markup("").join(told)


def _time_tag(kept: str, *, zone: tzinfo) -> Markup:
    try:
        moment = datetime.strptime(kept, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
        there = moment.astimezone(zone)
    except (ValueError, OverflowError):  # a sentence may quote what somebody else wrote
        return escape(kept)
    tag = Markup('<time datetime="{}" title="{}">{}</time>')
    return tag.format(iso(moment), full_time(moment, zone=zone), f"{_day(there)} {there:%H:%M}")


def with_code(text: str) -> Markup:
    """A sentence whose `names` in backticks are shown as code."""
    parts = text.split("`")
    told = [
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    ]
    return Markup("").join(told)


def relative(moment: datetime, *, now: datetime) -> str:
    """How far from now: just now, 12 s ago, in 4 m; the date once it is over 30 days away.

    `static/js/app.js` keeps these words current and must say the same ones.
    """
    seconds = round((now - moment).total_seconds())
    if abs(seconds) < 5:
        return "just now"
    if abs(seconds) >= 30 * 86_400:
        there = moment.astimezone(UTC)
        return f"{_day(there)} {there.year}"
    size, unit = next(row for row in UNITS if abs(seconds) >= row[0])
    amount = f"{abs(seconds) // size} {unit}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def duration(span: timedelta | float | None) -> str:
    """A span (a timedelta, or milliseconds): 363 ms, 1.2 s, 15 s, 3 m 10 s, 2 h, 1 d 4 h."""
    if span is None:
        return MISSING
    milliseconds = span / timedelta(milliseconds=1) if isinstance(span, timedelta) else float(span)
    if round(milliseconds) < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if round(seconds, 1) < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    return _whole_span(round(seconds))


def _whole_span(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    (size, unit), (next_size, next_unit) = next(pair for pair in pairwise(UNITS) if seconds >= pair[0][0])
    rest = seconds % size // next_size
    return f"{seconds // size} {unit}" + (f" {rest} {next_unit}" if rest else "")


def byte_size(count: int | None) -> str:
    """Bytes in steps of 1024: 812 B, 1.2 KB, 3 MB."""
    if count is None:
        return MISSING
    size, units = float(count), iter(("B", "KB", "MB", "GB"))
    unit = next(units)
    # 1023.95 would be shown as 1024.0.
    while round(size, 1) >= 1024 and unit != "GB":
        size, unit = size / 1024, next(units)
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"


def number(value: float | None) -> str:
    """With thousands set apart: 1,204."""
    return MISSING if value is None else f"{value:,}"


def short_number(value: float) -> str:
    """For the axis of a chart only: 12.4 k."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{value:g}"


def percent(part: float | None, whole: float = 1) -> str:
    """`part` of `whole` as 98.1 %; never rounded up to 100 % or down to 0 %, which would be untrue."""
    if part is None or not whole:
        return MISSING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f}".removesuffix(".0") + " %"


def plural(count: int, one: str, many: str | None = None) -> str:
    """The count with its noun: 1 listener, 3 listeners, 2 retries."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def pretty_json(value: Any) -> str:
    """Indented JSON: of a text that is JSON, or of a value; a text that is none stays as it is."""
    try:
        known = json.loads(value) if isinstance(value, str | bytes) else value
        text = json.dumps(known, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return visible(text)


def compact_json(value: Any) -> str:
    """A value on one line, for a cell of a table."""
    return visible(json.dumps(value, ensure_ascii=False))


def visible(text: str) -> str:
    """Foreign text that can be trusted to look like what it is: what would turn its direction is written out."""
    # Half of a surrogate pair is legal in JSON and cannot be sent in a page.
    return written_out(text).encode("utf-8", "replace").decode()


def is_clipped(text: str) -> bool:
    return len(text) > SHOWN_CHARACTERS


def clipped(text: str) -> str:
    return text[:SHOWN_CHARACTERS]


def json_html(text: str) -> Markup:
    """JSON text as spans with Pygments' classes; text that is not JSON is escaped and left plain."""
    lexer = JsonLexer() if text.lstrip()[:1] in ("{", "[", '"') else TextLexer()
    # Pygments escapes every token it writes.
    return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True)))  # nosec B704 # what Pygments wrote is escaped
