"""The door for operators: `flask webhooks …`, one file a noun.

refusals.py has the group, which turns what went wrong into one line; printed.py the tables and the JSON;
typed.py what the words on the command line mean.
"""

from __future__ import annotations

from flask import Flask

from webhooks_app.cli.clock import clock
from webhooks_app.cli.config import config
from webhooks_app.cli.deliveries import deliveries
from webhooks_app.cli.hooks import hooks
from webhooks_app.cli.listeners import listeners
from webhooks_app.cli.migrate import migrate
from webhooks_app.cli.people import create_token, create_user, sign_in_link
from webhooks_app.cli.prune import prune
from webhooks_app.cli.refusals import WebhooksGroup
from webhooks_app.cli.rotate_keys import rotate_keys
from webhooks_app.cli.send import send
from webhooks_app.cli.up import up
from webhooks_app.cli.worker import worker

webhooks = WebhooksGroup(
    "webhooks",
    help="Outgoing webhooks: run them, look at them, send them.\n\n"
    "\b\nExample:\n  flask --app wsgi webhooks send person name=Joe",
)
for _command in (
    up, worker, clock, migrate, hooks, send, listeners, deliveries, prune, create_user, create_token, sign_in_link,
    rotate_keys, config,
):  # fmt: skip
    webhooks.add_command(_command)


def register(app: Flask) -> None:
    """Add the commands to the application's command line."""
    app.cli.add_command(webhooks)
