"""Command: delete what is old enough."""

from __future__ import annotations

from dataclasses import asdict

import click

from webhooks_app.cli.printed import json_option, say, say_json
from webhooks_app.console import console
from webhooks_app.engine import retention
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.settings import Settings


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
def prune(dry_run: bool, as_json: bool) -> None:
    """Delete what the retention settings call old; the clock does the same every hour.

    Deliveries that ended, with their attempts; events that have none left; what was sent and answered. What is not
    finished stays, however old it is.

    \b
    Examples:
      flask --app wsgi webhooks prune --dry-run
      flask --app wsgi webhooks prune --json
    """
    engine = console().engine
    pruned = retention.would_prune(engine) if dry_run else retention.prune(engine, by=COMMAND_LINE)
    if as_json:
        say_json({"dry_run": dry_run, **asdict(pruned)})
        return
    verb = "Would delete" if dry_run else "Deleted"
    say(
        f"{verb} {pruned.deliveries} deliveries and {pruned.events} events, and what was sent and answered in"
        f" {pruned.bodies} attempts{_spans(engine.settings)}."
    )


def _spans(settings: Settings) -> str:
    return (
        f" (older than {settings.retention_days} days, failed ones {settings.retention_failed_days};"
        f" bodies {settings.retention_body_days})"
    )
