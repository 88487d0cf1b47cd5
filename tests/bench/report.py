"""How are findings told? As text tables for people, and as `instance/bench.json` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench.figures import Figure, Findings

_COLUMNS = ("figure", "value", "unit", "baseline", "ratio", "target", "holds")


def text(findings: Findings) -> str:
    """The case as people read it."""
    rows = [_row(figure) for figure in findings.figures]
    parts = [
        findings.title,
        *findings.notes,
        "",
        table(findings.columns, findings.rows),
        "",
        table(_COLUMNS, rows),
    ]
    return "\n".join(parts)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other: words to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    lines = [columns, ["-" * width for width in widths], *rows]
    return "\n".join(_line(line, widths) for line in lines)


def keep(figures: Iterable[Figure], path: Path) -> None:
    """Write the figures for programs."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=1) + "\n", "utf-8")


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "yes", False: "NO", None: ""}[figure.holds]
    numbers = (
        f"{figure.value:.2f}",
        figure.unit,
        "" if figure.baseline is None else f"{figure.baseline:.2f}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}x",
        "" if figure.target is None else _target(figure),
    )
    return (figure.name, *numbers, verdict)


def _target(figure: Figure) -> str:
    if figure.ratio is not None:
        return f"{figure.target:g}x"
    return f"{'<=' if figure.at_most else '>='} {figure.target:g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if cell[:1].isdigit() else cell.ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
