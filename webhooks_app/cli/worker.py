"""Command: work the queue off."""

from __future__ import annotations

import sys

import click

from webhooks_app.cli.exposure import warn_of_networks
from webhooks_app.console import console
from webhooks_app.engine.queue_facts import DELIVERIES, SLOW
from webhooks_app.logs import log_to
from webhooks_app.runtime.worker import run_worker


@click.command()
@click.option(
    "--queue", type=click.Choice([DELIVERIES, SLOW]), default=DELIVERIES, show_default=True,
    help="Which queue; slow is for listeners that take long to answer.",
)  # fmt: skip
@click.option("--burst", is_flag=True, help="Work off everything that is due, then exit.")
def worker(queue: str, burst: bool) -> None:
    """Dispatch events and send deliveries, until SIGTERM.

    \b
    Examples:
      flask --app wsgi webhooks worker
      flask --app wsgi webhooks worker --queue slow
      flask --app wsgi webhooks worker --burst
    """
    log_to(sys.stdout)
    warn_of_networks(console().settings)
    run_worker(console().engine, queue=queue, burst=burst)
