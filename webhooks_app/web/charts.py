"""Where does each mark of a chart stand?

Pure geometry in the units of an SVG's viewBox; the macros in `_macros/charts.html`
draw it. Value axes start at 0, and a missing value is a gap, not a zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

BLOCK = 76.0  # width of one attempt on the timeline, at least
LETTER, MARGIN = 7.6, 18.0  # of its bold word: what a letter takes, and what stays free at both sides
SHORTEST_GAP = 18.0


@dataclass(frozen=True, slots=True)
class Rect:
    """One mark; `series` is its index in the series, `slot` the index of its label."""

    series: int
    slot: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart at `y`, standing for `value`."""

    value: float
    y: float


@dataclass(frozen=True, slots=True)
class Block:
    """One attempt on the timeline, at `x`, after a gap of `gap` units; `waited` in seconds."""

    number: int
    x: float
    width: float
    gap: float
    waited: float | None


def top_of(largest: float) -> float:
    """The smallest round number (1, 2 or 5 times a power of ten) that `largest` fits under."""
    if largest <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in (1, 2, 5, 10) if largest <= step * power * (1 + 1e-9))


def ticks(top: float, *, height: float) -> list[Tick]:
    """The lines at nothing, half and all of `top`."""
    return [Tick(value=top * share, y=round(height * (1 - share), 2)) for share in (0, 0.5, 1)]


def stacked_bars(
    series: Sequence[Sequence[float | None]], *, width: float, height: float
) -> tuple[list[Rect], list[Tick]]:
    """Bars standing on each other, the first series lowest; all series are equally long."""
    slots = max((len(values) for values in series), default=0)
    totals = [sum(values[slot] or 0 for values in series) for slot in range(slots)]
    top = top_of(max(totals, default=0))
    step = width / max(slots, 1)
    # A gap of a quarter keeps neighbours apart; a bar wider than 36 looks like a wall.
    bar = min(step * 0.75, 36.0)
    rects = []
    for slot in range(slots):
        floor = height
        for index, values in enumerate(series):
            tall = height * (values[slot] or 0) / top
            if tall <= 0:
                continue
            # One failure among thousands must still be seen.
            tall = max(tall, 1.5)
            floor -= tall
            left = slot * step + (step - bar) / 2
            rects.append(Rect(index, slot, round(left, 2), round(floor, 2), round(bar, 2), round(tall, 2)))
    return rects, ticks(top, height=height)


def line_paths(
    series: Sequence[Sequence[float | None]], *, width: float, height: float
) -> tuple[list[str], list[Tick]]:
    """One SVG path a series; it breaks where a value is missing."""
    top = top_of(max((value for values in series for value in values if value is not None), default=0))
    paths = [_path(values, width=width, height=height, top=top) for values in series]
    return paths, ticks(top, height=height)


def spark_points(values: Sequence[float | None], *, width: float, height: float) -> str:
    """The path of a word-sized line chart."""
    top = max((value for value in values if value is not None), default=0) or 1
    return _path(values, width=width, height=height, top=top)


def _path(values: Sequence[float | None], *, width: float, height: float, top: float) -> str:
    step = width / max(len(values) - 1, 1)
    parts: list[str] = []
    pen_is_down = False
    for slot, value in enumerate(values):
        if value is None:
            pen_is_down = False
            continue
        word = "L" if pen_is_down else "M"
        parts.append(f"{word}{slot * step:.2f} {height * (1 - value / top):.2f}")
        # A lone value between two gaps is a point, which a round line end makes visible.
        if not pen_is_down:
            parts.append("h0")
        pen_is_down = True
    return "".join(parts)


def timeline_blocks(
    moments: Sequence[tuple[int, datetime, float]], *, letters: int = 0
) -> tuple[list[Block], float]:
    """Attempts in their order, and the width of the whole; each moment is (number, start, milliseconds).

    An attempt takes milliseconds and the wait after it hours, so the attempts are equally wide (the longest
    of their words has so many `letters`) and the gaps grow with the logarithm of the wait.
    """
    width = round(max(BLOCK, MARGIN + letters * LETTER), 2)
    blocks: list[Block] = []
    x = 0.0
    ended: float | None = None
    for attempt, started_at, milliseconds in moments:
        waited = None if ended is None else max(started_at.timestamp() - ended, 0.0)
        gap = 0.0 if waited is None else SHORTEST_GAP + 18 * math.log10(1 + waited)
        x += gap
        blocks.append(Block(attempt, round(x, 2), width, round(gap, 2), waited))
        x += width
        ended = started_at.timestamp() + milliseconds / 1000
    return blocks, round(x, 2)
