"""Commands: who may use the console? Users, tokens and one-time links."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from webhooks_app.cli.printed import json_option, say, say_json
from webhooks_app.console import console
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.storage.people import Role, Scope


@click.command("create-user")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([each.value for each in Role]),
    required=True,
    help="Each includes the one before.",
)
@click.option("--password-stdin", is_flag=True, help="Read a password from the first line of stdin.")
@json_option
def create_user(email: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Let somebody sign in.

    Without a password they sign in by the links of `sign-in-link`.

    \b
    Example:
      flask --app wsgi webhooks create-user elena@example.com --role operator --password-stdin < secret.txt
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    if password == "":  # nosec B105 # none at all
        raise click.UsageError("There is no password on stdin.")
    user = accounts.create_user(console().engine, email, role, password=password, by=COMMAND_LINE)
    if as_json:
        say_json({"email": user.email, "role": user.role})
    else:
        say(f"{user.email} may sign in as {user.role}.")


@click.command("create-token")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([each.value for each in Scope]),
    required=True,
    help="Each includes the one before.",
)
@click.option("--expires-days", type=click.IntRange(1, 3650), help="Opens nothing after so many days.")
@json_option
def create_token(name: str, scope: str, expires_days: int | None, as_json: bool) -> None:
    """Make a key for a program and print it alone; it is never shown again.

    \b
    Example:
      TOKEN=$(flask --app wsgi webhooks create-token "the shop" --scope publish)
    """
    engine = console().engine
    expires_at = engine.clock() + timedelta(days=expires_days) if expires_days else None
    made = accounts.create_token(engine, name, scope, by=COMMAND_LINE, expires_at=expires_at)
    if as_json:
        say_json(
            {
                "name": made.row.name,
                "scope": made.row.scope,
                "token": made.token,
                "expires_at": made.row.expires_at,
            }
        )
    else:
        say(made.token)


@click.command("sign-in-link")
@click.argument("email", required=False)
@json_option
def sign_in_link(email: str | None, as_json: bool) -> None:
    """Print a link that signs in once, within 15 minutes.

    Without an e-mail it is the first admin's; without any users it first makes admin@localhost.

    \b
    Example:
      flask --app wsgi webhooks sign-in-link elena@example.com
    """
    link = link_for(email)
    if as_json:
        say_json({"url": link})
    else:
        say(link)


def link_for(email: str | None = None) -> str:
    """The address of a fresh one-time link. Raises NotFound for an unknown e-mail."""
    found = console()
    token = accounts.sign_in_link(found.engine, email)
    return f"{found.settings.public_base_url}{found.url_prefix}/login/{token}"
