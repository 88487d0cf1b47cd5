"""Does the bench still run? One tiny round; how fast it was is not looked at."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.cases import Plan, throughput
from tests.bench.figures import Figure
from tests.bench.ground import BODY_BYTES, ground, payload
from tests.bench.race import OURS, SIMPLE


@pytest.mark.flow
def test_the_throughput_case_measures_both_sides_and_compares_them():
    short = tempfile.TemporaryDirectory(prefix="webhooks-bench-", dir="/tmp")
    with short as folder, ground(Path(folder), with_postgresql=False) as found:
        findings = throughput.run(found, Plan(rounds=1, seconds=0.02), sides=(SIMPLE, OURS))

    assert [(row[0], row[1]) for row in findings.rows] == [("SQLite", SIMPLE.label), ("SQLite", OURS.label)]
    assert [figure.unit for figure in findings.figures] == ["1/s", "ms"]
    assert all(figure.value > 0 and figure.baseline and figure.ratio for figure in findings.figures)
    assert findings.title in report.text(findings)


def test_figures_are_kept_as_programs_read_them(tmp_path):
    figures = [
        Figure("deliveries per second", 2000.0, "1/s", baseline=50.0, ratio=40.0, target=40.0),
        Figure("CPU per delivery", 0.4, "ms"),
    ]

    report.keep(figures, tmp_path / "instance/bench.json")

    kept = json.loads((tmp_path / "instance/bench.json").read_text())
    assert [tuple(each) for each in kept] == [
        ("name", "value", "unit", "baseline", "ratio", "target", "holds")
    ] * 2
    assert [each["holds"] for each in kept] == [True, None]


def test_every_event_of_the_bench_is_as_large_as_the_table_says():
    sizes = {len(json.dumps(payload(number), separators=(",", ":"))) for number in (0, 9, 12345)}

    assert sizes == {BODY_BYTES}
