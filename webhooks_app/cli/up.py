"""Command: start everything."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from flask.cli import ScriptInfo

from webhooks_app.cli.migrate import upgrade
from webhooks_app.cli.people import link_for
from webhooks_app.console import console


@click.command()
@click.pass_context
def up(ctx: click.Context) -> None:
    """Start everything: Redis, the web server, the workers and the clock.

    Migrates the database first, then prints a one-time sign-in link. Ctrl-C stops it all.

    \b
    Example:
      PORT=8080 flask --app wsgi webhooks up
    """
    from webhooks_app.runtime.up import run_up  # here, because no other command needs a supervisor

    found = console()
    status = run_up(
        found.settings,
        app_import=app_import(ctx),
        migrate=partial(upgrade, found),
        sign_in_link=link_for,
        url_prefix=found.url_prefix,
    )
    ctx.exit(status)


def app_import(ctx: click.Context) -> str:
    """What `flask --app` was told; where it was told nothing, what flask finds by itself."""
    told = ctx.ensure_object(ScriptInfo).app_import_path
    if told:
        return told
    return "wsgi" if Path("wsgi.py").exists() else "app"
