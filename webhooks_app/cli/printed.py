"""How does a command report? A table for people, or one JSON document with `--json`.

The document has the shape of the API's answers: a list is `{"data": […], "next": cursor or null}`. What
came from outside is shown escaped, so that it cannot act on the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from webhooks_app.moments import rfc3339
from webhooks_app.redaction import escaped

LONGEST_CELL = 40

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape of the API.")


def say(text: str) -> None:
    """One line."""
    click.echo(escaped(text))


def say_json(document: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(document, indent=2, default=_as_text))


def say_list(rows: Sequence[dict[str, Any]], *, following: str | None = None) -> None:
    """A list as JSON; `following` is the cursor of the rest."""
    say_json({"data": list(rows), "next": following})


def say_table(head: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str) -> None:
    """Columns as wide as their longest cell, or the sentence for an empty table."""
    cells = [[escaped(str(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(nothing)
        return
    lines = [[name.upper() for name in head], *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def short(text: str) -> str:
    """A name or an address as it stands in a table: one that is long must not push every row apart."""
    text = escaped(text)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _as_text(value: Any) -> str | None:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def brief(moment: datetime | None) -> str:
    """A moment in a table, to the second, UTC; a dash for none."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ") if moment else "-"
