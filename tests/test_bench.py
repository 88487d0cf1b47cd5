"""Does the bench still run? One tiny round of each case; how fast it was is not looked at."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.__main__ import chosen_plan
from tests.bench.cases import (
    FULL,
    QUICK,
    Plan,
    all_cases,
    growth,
    guard,
    latency,
    matching,
    memory,
    publishing,
    retention,
    slow_receivers,
    throughput,
)
from tests.bench.figures import Figure, Findings
from tests.bench.ground import BODY_BYTES, Ground, ground, payload
from tests.bench.progress import Bar
from tests.bench.race import OURS, SIMPLE
from webhooks_app import hooks

TINY = Plan(
    rounds=1, seconds=0.02, latency_seconds=0.2, fan_out=20, deliveries=200, listeners=1_500,
    stored=10_000, stored_a_day=7_000, old=600, all_databases=False,
)  # fmt: skip


@contextmanager
def small_ground() -> Iterator[Ground]:
    """The servers of a bench without PostgreSQL; the binding that a case makes in this process is undone."""
    short = tempfile.TemporaryDirectory(prefix="webhooks-bench-", dir="/tmp")
    # `recording` puts back at its end what was bound before it.
    with hooks.recording(), short as folder, ground(Path(folder), with_postgresql=False) as found:
        yield found
    if "bench" in hooks:
        hooks.unregister("bench")


@pytest.mark.bench
@pytest.mark.flow
def test_the_throughput_case_measures_both_sides_and_compares_them():
    with small_ground() as found:
        findings = throughput.run(found, TINY, sides=(SIMPLE, OURS))

    measured = [(row[0], row[1]) for row in findings.rows]
    loop = ("SQLite", "a loop that only sends, 1 thread")
    assert measured == [("SQLite", SIMPLE.label), ("SQLite", OURS.label), loop]
    assert [figure.unit for figure in findings.figures] == ["1/s", "ms", "1/s"]
    assert all(figure.value > 0 and figure.baseline and figure.ratio for figure in findings.figures)
    assert findings.title in report.text(findings)


@pytest.mark.bench
@pytest.mark.flow
@pytest.mark.parametrize("case", [slow_receivers.run, latency.run, memory.run, growth.run, retention.run])
def test_a_case_beside_the_throughput_measures_what_it_says(case: Callable[[Ground, Plan], Findings]):
    with small_ground() as found:
        findings = case(found, TINY)

    assert findings.rows
    assert all(figure.value is not None for figure in findings.figures)
    assert any(figure.holds is not None for figure in findings.figures)
    assert findings.title in report.text(findings)


@pytest.mark.flow
def test_publishing_asks_for_one_insert_and_one_round_trip():
    with small_ground() as found:
        findings = publishing.run(found, TINY)

    counted = {row[1]: (int(row[3]), int(row[4])) for row in findings.rows}
    assert counted["next event"] == (1, 1)
    assert counted["a batch"] == (1, 1)
    assert counted["one transaction"] == (1000, 1)  # rings once
    inserts, round_trips = counted["first event"]
    assert (inserts, round_trips <= 3) == (1, True)


@pytest.mark.flow
def test_matching_finds_by_keys_whom_it_finds_by_asking_all():
    with small_ground() as found:
        findings = matching.run(found, TINY)  # which compares them

    assert [row[1] for row in findings.rows] == ["1000"] * 3 + ["1500"] * 3
    assert [figure.unit for figure in findings.figures] == ["ms"] * 3
    assert findings.title in report.text(findings)


@pytest.mark.flow
def test_the_guard_is_measured_against_the_same_send_without_it():
    with small_ground() as found:
        findings = guard.run(found, TINY)  # which sends on both ways, and sees that each was delivered

    assert [figure.unit for figure in findings.figures] == ["µs", "ms"]
    assert all(figure.holds is not None for figure in findings.figures)
    assert findings.title in report.text(findings)


@pytest.mark.parametrize(
    ("given", "stored"),
    [({}, FULL.stored), ({"QUICK": "1"}, QUICK.stored), ({"QUICK": "1", "DEEP": "1"}, 5_000_000)],
)
def test_the_environment_says_how_much_is_stored(monkeypatch, given: dict[str, str], stored: int):
    for name in ("QUICK", "LONG", "DEEP"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert chosen_plan().stored == stored


def test_every_case_has_a_name_of_its_own():
    names = [case.__module__ for case in all_cases()]

    assert len(names) == len(set(names)) >= 5


def test_figures_are_kept_as_programs_read_them(tmp_path):
    figures = [
        Figure("deliveries per second", 2000.0, "1/s", baseline=50.0, ratio=40.0, target=40.0),
        Figure("CPU per delivery", 0.4, "ms"),
        Figure("latency", 31.0, "ms", target=30.0, at_most=True),
    ]

    report.keep(figures, tmp_path / "instance/bench.json")

    kept = json.loads((tmp_path / "instance/bench.json").read_text())
    assert [tuple(each) for each in kept] == [
        ("name", "value", "unit", "baseline", "ratio", "target", "holds")
    ] * 3
    assert [each["holds"] for each in kept] == [True, None, False]


@pytest.mark.parametrize(
    ("value", "at_most", "holds"), [(250, False, True), (249, False, False), (249, True, True)]
)
def test_without_a_baseline_the_target_is_for_the_value(value: float, at_most: bool, holds: bool):
    assert Figure("rate", value, "1/s", target=250, at_most=at_most).holds is holds


def test_the_bar_says_what_is_done_and_what_is_left():
    file = io.StringIO()
    bar = Bar(file)
    bar.begin(["throughput", "latency", "memory"])

    bar.say("round 1", part=0.5)
    bar.end_case()

    first, second = file.getvalue().splitlines()
    assert first.startswith("[####....................] 0/3 0 s, throughput; then latency, memory | round 1")
    assert second.startswith("[########................] 1/3 0 s, latency; then memory |")


def test_every_event_of_the_bench_is_as_large_as_the_table_says():
    sizes = {len(json.dumps(payload(number), separators=(",", ":"))) for number in (0, 9, 12345)}

    assert sizes == {BODY_BYTES}
