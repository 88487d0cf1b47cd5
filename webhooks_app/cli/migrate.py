"""Command: bring our tables up to date."""

from __future__ import annotations

import click

from webhooks_app.cli.printed import say
from webhooks_app.console import console
from webhooks_app.storage import migrations


@click.command()
def migrate() -> None:
    """Make or update the tables named webhooks_*; no others are touched.

    In an embedding application this is the way; in our own, `flask db upgrade` does the same.

    \b
    Example:
      flask --app shop webhooks migrate
    """
    migrations.upgrade(console().sa_engine)
    say(f"The database is at revision {migrations.head()}.")
