"""Command: make time pass."""

from __future__ import annotations

import sys

import click

from webhooks_app.cli.exposure import warn_of_networks
from webhooks_app.console import console
from webhooks_app.logs import log_to
from webhooks_app.runtime.clock import run_clock


@click.command()
def clock() -> None:
    """Queue retries that are due and free what a lost worker held, every second, until SIGTERM.

    A second one does no harm: it waits for its turn.

    \b
    Example:
      flask --app wsgi webhooks clock
    """
    log_to(sys.stdout)
    warn_of_networks(console().settings)
    run_clock(console().engine)
