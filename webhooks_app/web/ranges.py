"""Which span does the dashboard look at, and how is it cut? `?range=` in the address. Pure.

A span begins at a whole five minutes, hour or day of the reader's clock, so that its bars carry round times and
every figure above them counts the very same deliveries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from webhooks_app.web.present import MONTHS

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Range:
    """`slots` bars of one `step` each; `said` names the span, `each` one bar of it."""

    word: str
    said: str
    each: str
    slots: int
    step: timedelta

    def edges(self, now: datetime, zone: tzinfo) -> list[datetime]:
        """Where each bar begins, and where the last one, in which we are, ends; moments in UTC."""
        begin = _floor(now.astimezone(zone), self.step)
        if self.step < DAY:
            # Along the real clock: an hour that is skipped or repeated has no bar of its own to lose.
            first = begin.astimezone(UTC) - (self.slots - 1) * self.step
            return [first + number * self.step for number in range(self.slots + 1)]
        # Along the calendar: a day with a clock change is an hour longer or shorter.
        days = [begin + timedelta(days=number) for number in range(1 - self.slots, 2)]
        return [day.astimezone(UTC) for day in days]

    def label(self, edge: datetime, zone: tzinfo) -> str:
        """What a bar is called: 14:00, 22 Nov 18:00 or 22 Nov."""
        there = edge.astimezone(zone)
        day = f"{there.day} {MONTHS[there.month - 1]}"
        if self.step >= DAY:
            return day
        return f"{there:%H:%M}" if self.step * self.slots <= DAY else f"{day} {there:%H:%M}"


RANGES = {
    one.word: one
    for one in (
        Range("1h", "in the last hour", "five minutes", 12, timedelta(minutes=5)),
        Range("24h", "in the last 24 hours", "hour", 24, timedelta(hours=1)),
        Range("7d", "in the last 7 days", "six hours", 28, timedelta(hours=6)),
        Range("30d", "in the last 30 days", "day", 30, DAY),
    )
}
USUAL = RANGES["24h"]


def asked_for(word: str | None) -> Range:
    """The range of an address; the usual one where it names none that is known."""
    return RANGES.get(word or "", USUAL)


def labels(chosen: Range, edges: Sequence[datetime], zone: tzinfo) -> list[str]:
    """The names of the bars."""
    return [chosen.label(edge, zone) for edge in edges[:-1]]


def _floor(there: datetime, step: timedelta) -> datetime:
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0)
    wall = there.replace(tzinfo=None) - midnight.replace(tzinfo=None)
    whole = midnight.replace(tzinfo=None) + wall // step * step
    # `fold` keeps the second of two equal hours apart from the first.
    return whole.replace(tzinfo=there.tzinfo, fold=there.fold)
