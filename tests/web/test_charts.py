"""Do the marks of a chart stand where the numbers say?"""

from datetime import timedelta

import pytest

from tests.web.bare_shell import NOW
from webhooks_app.web import charts


@pytest.mark.parametrize(
    "largest, top",
    [
        (0, 1),
        (1, 1),
        (3, 5),
        (7, 10),
        (99, 100),
        (101, 200),
        (0.3, 0.5),
        (1000, 1000),
    ],
)
def test_an_axis_ends_at_a_round_number(largest, top):
    assert charts.top_of(largest) == pytest.approx(top)


def test_bars_stand_on_each_other_from_the_bottom():
    rects, _ = charts.stacked_bars([[50], [50]], width=100, height=100)

    lower, upper = rects
    assert (lower.y + lower.height, upper.y + upper.height) == (100, lower.y)
    assert lower.height == upper.height == 50


def test_nothing_draws_no_bar_and_one_failure_among_thousands_does():
    rects, _ = charts.stacked_bars([[9_999, 0], [1, None]], width=100, height=100)

    assert [(rect.series, rect.slot) for rect in rects] == [(0, 0), (1, 0)]
    assert rects[1].height == 1.5


def test_an_axis_starts_at_nothing():
    _, ticks = charts.stacked_bars([[80]], width=100, height=100)

    assert [(tick.value, tick.y) for tick in ticks] == [(0, 100), (50, 50), (100, 0)]


def test_a_chart_without_values_is_still_drawn():
    assert charts.stacked_bars([[], []], width=100, height=100)[0] == []
    assert charts.line_paths([[]], width=100, height=100)[0] == [""]
    assert charts.spark_points([], width=9, height=9) == ""


def test_a_line_breaks_where_a_value_is_missing():
    (path,), _ = charts.line_paths([[10, 10, None, 10]], width=90, height=100)

    assert path == "M0.00 0.00h0L30.00 0.00M90.00 0.00h0"


def test_a_longer_wait_is_a_wider_gap_and_the_first_attempt_has_none():
    starts = [NOW, NOW + timedelta(seconds=10), NOW + timedelta(hours=2)]

    blocks, width = charts.timeline_blocks([(at, start, 5_000.0) for at, start in enumerate(starts, 1)])

    assert [block.waited for block in blocks] == [None, 5.0, 7185.0]
    assert blocks[0].gap == 0 < blocks[1].gap < blocks[2].gap
    assert width == blocks[-1].x + blocks[-1].width


def test_attempts_are_as_wide_as_the_longest_of_their_words():
    moments = [(1, NOW, 5.0), (2, NOW + timedelta(seconds=9), 5.0)]

    (short, _), (first, second) = (charts.timeline_blocks(moments, letters=count)[0] for count in (3, 18))

    assert short.width == charts.BLOCK < first.width == second.width
    assert first.width >= 18 * charts.LETTER


def test_an_attempt_that_began_before_the_last_ended_has_not_waited():
    blocks, _ = charts.timeline_blocks([(1, NOW, 9_000.0), (2, NOW + timedelta(seconds=1), 0.0)])

    assert blocks[1].waited == 0
