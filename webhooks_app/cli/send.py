"""Command: let something happen."""

from __future__ import annotations

from typing import TextIO

import click

from webhooks_app.cli.printed import say
from webhooks_app.cli.typed import assigned, json_object
from webhooks_app.console import console
from webhooks_app.engine import intake
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.storage import ids


@click.command()
@click.argument("hook")
@click.argument("payload", nargs=-1, metavar="[KEY=TEXT | KEY:=JSON]...")
@click.option(
    "--json", "file", type=click.File(encoding="utf-8"), help="A file with the payload; - is stdin."
)
def send(hook: str, payload: tuple[str, ...], file: TextIO | None) -> None:
    """Send an event of HOOK and print its id.

    What is given as KEY=… comes on top of what the file holds.

    \b
    Examples:
      flask --app wsgi webhooks send person name=Joe address="New York"
      flask --app wsgi webhooks send order.placed total:=12.5 paid:=true
      flask --app wsgi webhooks send person --json person.json
    """
    given = json_object(file, what="The file") if file else {}
    event = intake.publish(console().engine, hook, {**given, **assigned(payload)}, sender=COMMAND_LINE.name)
    say(ids.shown(ids.EVENT, event.id))
