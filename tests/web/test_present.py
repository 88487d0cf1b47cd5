"""Does every value come out in the words that people expect?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.web.bare_shell import NOW
from webhooks_app.web import present


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0, "just now"),
        (4, "just now"),
        (-4, "just now"),  # a clock that is a little ahead is no news
        (12, "12 s ago"),
        (59, "59 s ago"),
        (60, "1 m ago"),
        (3599, "59 m ago"),  # never rounded up to the next unit
        (3600, "1 h ago"),
        (90_000, "1 d ago"),
        (-240, "in 4 m"),
        (-86_400, "in 1 d"),
        (30 * 86_400, "23 Oct 2026"),  # from here a date says more
    ],
)
def test_a_moment_is_told_relative_to_now(seconds, words):
    assert present.relative(NOW - timedelta(seconds=seconds), now=NOW) == words


@pytest.mark.parametrize(
    "zone, words",
    [
        (UTC, "22 Nov 2026, 07:31:04 UTC"),
        (ZoneInfo("Asia/Kolkata"), "22 Nov 2026, 13:01:04 Asia/Kolkata (UTC+05:30)"),
        (ZoneInfo("America/St_Johns"), "22 Nov 2026, 04:01:04 America/St_Johns (UTC-03:30)"),
    ],
)
def test_a_whole_moment_names_its_zone(zone, words):
    assert present.full_time(NOW, zone=zone) == words


def test_the_two_hours_of_a_clock_change_are_told_apart():
    zone = ZoneInfo("America/St_Johns")
    first = datetime(2026, 11, 1, 3, 45, tzinfo=UTC)  # the clocks go back at 02:00, 04:30 UTC

    told = [present.full_time(moment, zone=zone) for moment in (first, first + timedelta(hours=1))]

    assert told == [
        "1 Nov 2026, 01:15:00 America/St_Johns (UTC-02:30)",
        "1 Nov 2026, 01:15:00 America/St_Johns (UTC-03:30)",
    ]


def test_a_moment_for_machines_is_utc():
    there = NOW.astimezone(ZoneInfo("Asia/Kolkata"))

    assert present.iso(there) == "2026-11-22T07:31:04Z"


def test_a_kept_sentence_is_told_in_the_readers_zone():
    kept = "10 attempts failed since 2026-03-02 08:50 UTC; the last: <b>2026-99-99 08:50 UTC</b>"

    told = present.with_times(kept, zone=ZoneInfo("Asia/Kolkata"))

    assert '<time datetime="2026-03-02T08:50:00Z" title="2 Mar 2026, 14:20:00 Asia/Kolkata' in told
    assert ">2 Mar 14:20</time>; the last: &lt;b&gt;2026-99-99 08:50 UTC&lt;/b&gt;" in told


def test_names_in_backticks_are_shown_as_code():
    assert present.with_code("what `webhooks up` <starts>") == (
        "what <code>webhooks up</code> &lt;starts&gt;"
    )


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "UTC",
        "Nowhere/At_All",
        "../../etc/passwd",
        "/etc/localtime",
        "America",  # a folder of zones
        "\x00",
        "Europe/" + "x" * 100,
    ],
)
def test_a_zone_nobody_knows_is_utc(name):
    assert present.zone_named(name) is UTC


def test_a_known_zone_keeps_its_name():
    assert present.zone_name(present.zone_named("Asia/Kolkata")) == "Asia/Kolkata"


@pytest.mark.parametrize(
    "span, words",
    [
        (None, "–"),
        (0, "0 ms"),
        (0.4, "0 ms"),
        (363, "363 ms"),
        (999.4, "999 ms"),
        (999.6, "1 s"),  # not "1000 ms"
        (1234, "1.2 s"),
        (9960, "10 s"),  # not "10.0 s"
        (15_000, "15 s"),
        (59_400, "59 s"),
        (59_600, "1 m"),  # not "60 s"
        (190_000, "3 m 10 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, hours=4, minutes=59), "1 d 4 h"),
    ],
)
def test_a_span_has_at_most_two_units(span, words):
    assert present.duration(span) == words


@pytest.mark.parametrize(
    "count, words",
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (1229, "1.2 KB"),
        (1024 * 1024 - 1, "1 MB"),  # not "1024 KB"
        (5 * 1024**4, "5120 GB"),  # there is no greater unit here
    ],
)
def test_bytes_step_by_1024(count, words):
    assert present.byte_size(count) == words


@pytest.mark.parametrize(
    "part, whole, words",
    [
        (981, 1000, "98.1 %"),
        (1, 1, "100 %"),
        (0, 9, "0 %"),
        (99_999, 100_000, "> 99.9 %"),  # one failure is not none
        (1, 100_000, "< 0.1 %"),
        (0, 0, "–"),
        (None, 1, "–"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, whole, words):
    assert present.percent(part, whole) == words


def test_counts_come_with_their_noun():
    assert present.plural(1, "listener") == "1 listener"
    assert present.plural(1204, "retry", "retries") == "1,204 retries"
    assert [present.number(1204), present.number(None)] == ["1,204", "–"]
    assert [present.short_number(value) for value in (5, 0.5, 12_400)] == ["5", "0.5", "12.4 k"]


def test_json_is_indented_and_keeps_its_order():
    assert present.pretty_json('{"b": "Ø", "a": [1]}') == '{\n  "b": "Ø",\n  "a": [\n    1\n  ]\n}'


@pytest.mark.parametrize("text", ["<h1>Oops</h1>", "", "{", "[" * 100_000])
def test_text_that_is_no_json_stays_as_it_is(text):
    assert present.pretty_json(text) == text


def test_half_a_surrogate_pair_can_be_sent_in_a_page():
    assert present.pretty_json('"\\ud800"').encode() == b'"?"'


@pytest.mark.parametrize(
    "text",
    [
        '{"<script>": "</script><script>alert(1)</script>"}',
        "<img src=x onerror=alert(1)>",
        '"<b>',  # cut in the middle of a string
    ],
)
def test_coloured_json_is_escaped(text):
    coloured = present.json_html(text)

    assert "<script" not in coloured and "<img" not in coloured and "<b>" not in coloured
    assert "&lt;" in coloured


def test_keys_and_values_are_coloured_apart():
    coloured = present.json_html('{"a": 1}')

    assert '<span class="nt">"a"</span>' in coloured and '<span class="mi">1</span>' in coloured


def test_a_long_text_is_clipped():
    text = "x" * (present.SHOWN_CHARACTERS + 1)

    assert (present.is_clipped(text), len(present.clipped(text))) == (True, present.SHOWN_CHARACTERS)
    assert not present.is_clipped(text[1:])
