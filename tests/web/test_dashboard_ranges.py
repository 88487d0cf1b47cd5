"""Do the bars of the dashboard begin at round times of the reader's clock, also when it is changed?"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from webhooks_app.web import ranges
from webhooks_app.web.kept import Kept

NOW = datetime(2026, 3, 2, 9, 32, 7, tzinfo=UTC)


@pytest.mark.parametrize("word, zone, first, last", [
    ("1h", "UTC", "08:35", "09:30"),
    ("24h", "UTC", "10:00", "09:00"),
    ("24h", "Asia/Kolkata", "16:00", "15:00"),  # half an hour beside UTC
    ("7d", "UTC", "23 Feb 12:00", "2 Mar 06:00"),
    ("30d", "UTC", "1 Feb", "2 Mar"),
    ("30d", "Pacific/Auckland", "1 Feb", "2 Mar"),
])  # fmt: skip
def test_bars_carry_round_times(word, zone, first, last):
    chosen, there = ranges.asked_for(word), ZoneInfo(zone)
    edges = chosen.edges(NOW, there)
    labels = ranges.labels(chosen, edges, there)

    assert (labels[0], labels[-1], len(labels)) == (first, last, chosen.slots)
    assert edges[-2] <= NOW < edges[-1]


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # Oslo skips an hour
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # and has one twice: this is the first
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # and this the second
    ],
)
@pytest.mark.parametrize("word", list(ranges.RANGES))
def test_a_clock_change_loses_no_time(word, now):
    chosen = ranges.asked_for(word)
    edges = chosen.edges(now, ZoneInfo("Europe/Oslo"))
    steps = {after - before for before, after in pairwise(edges)}

    assert edges[-2] <= now < edges[-1] and len(edges) == chosen.slots + 1
    hour = timedelta(hours=1)
    assert steps <= ({23 * hour, 24 * hour, 25 * hour} if word == "30d" else {chosen.step})


@pytest.mark.parametrize("word", [None, "", "2h", "<b>"])
def test_an_unknown_range_is_the_usual_one(word):
    assert ranges.asked_for(word) is ranges.USUAL


def test_a_dear_answer_is_kept_twenty_times_as_long_as_it_took_and_a_quick_one_not_at_all():
    now, read = [0.0], []

    def taking(seconds):
        def answer():
            now[0] += seconds
            read.append(seconds)
            return len(read)

        return answer

    kept = Kept(clock=lambda: now[0])

    assert [kept.ask("quick", taking(0.01)) for _ in range(2)] == [1, 2]
    assert [kept.ask("dear", taking(0.1)) for _ in range(2)] == [3, 3]
    now[0] += 1.9
    assert kept.ask("dear", taking(0.1)) == 3 and kept.ask("other", taking(0.0)) == 4
    now[0] += 0.2
    assert kept.ask("dear", taking(0.1)) == 5
