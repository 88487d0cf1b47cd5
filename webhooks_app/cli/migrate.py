"""Command: bring our tables up to date."""

from __future__ import annotations

import click

from webhooks_app.cli.printed import say
from webhooks_app.console import Console, console
from webhooks_app.engine.declared import save_postponed
from webhooks_app.storage import migrations


@click.command()
def migrate() -> None:
    """Make or update the tables named webhooks_*; no others are touched.

    In an embedding application this is the way; in our own, `flask db upgrade` does the same.

    \b
    Example:
      flask --app shop webhooks migrate
    """
    upgrade(console())
    say(f"The database is at revision {migrations.head()}.")


def upgrade(found: Console) -> None:
    """Bring the tables up to date, and save the listeners that this process declared before they were."""
    migrations.upgrade(found.sa_engine)
    save_postponed(found.engine)
