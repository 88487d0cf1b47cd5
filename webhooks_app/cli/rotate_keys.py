"""Command: bring everything that is encrypted to the newest key."""

from __future__ import annotations

import click

from webhooks_app.cli.printed import json_option, say, say_json
from webhooks_app.console import console
from webhooks_app.engine import key_rotation
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.engine.key_rotation import Rotated
from webhooks_app.storage import ids


@click.command("rotate-keys")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
def rotate_keys(dry_run: bool, as_json: bool) -> None:
    """Encrypt signing secrets and header values anew, with the first of WEBHOOKS_ENCRYPTION_KEYS.

    First put the new key in front of the old ones and restart everything; after this the old ones can go. It may
    run while deliveries are sent, be interrupted and be repeated. What no key opens stays as it is, is named, and
    ends the command with 1.

    \b
    Examples:
      flask --app wsgi webhooks rotate-keys --dry-run
      flask --app wsgi webhooks rotate-keys --json
    """
    engine = console().engine
    rotated = (
        key_rotation.would_rotate(engine) if dry_run else key_rotation.rotate_keys(engine, by=COMMAND_LINE)
    )
    if as_json:
        say_json(_document(rotated, dry_run=dry_run))
    else:
        verb = "Would encrypt" if dry_run else "Encrypted"
        say(f"{verb} {_values(rotated.reencrypted)} anew; {rotated.already_new} had the newest key already.")
        for one in rotated.unreadable:
            say(
                f"Cannot be read: the {one.what} of {ids.shown(ids.LISTENER, one.listener_id)} ({one.listener})."
            )
    if rotated.unreadable:
        raise click.ClickException(
            f"{_values(len(rotated.unreadable))} cannot be read with these keys. Add the key that sealed them, or"
            " rotate the listener's secret and type its headers again."
        )


def _values(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"


def _document(rotated: Rotated, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "reencrypted": rotated.reencrypted,
        "already_new": rotated.already_new,
        "unreadable": [
            {"listener_id": ids.shown(ids.LISTENER, one.listener_id), "name": one.listener, "what": one.what}
            for one in rotated.unreadable
        ],
    }
