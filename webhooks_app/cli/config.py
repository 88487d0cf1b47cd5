"""Command: what is set, and where does it come from?"""

from __future__ import annotations

import click

from webhooks_app.cli.printed import json_option, say, say_list, say_table
from webhooks_app.console import console


@click.command()
@click.option("--check", is_flag=True, help="Only say whether every setting is allowed.")
@json_option
def config(check: bool, as_json: bool) -> None:
    """Show every setting as it is now; of a secret only whether it is set.

    A setting that is not allowed stops every command with its line, this one too.

    \b
    Examples:
      flask --app wsgi webhooks config
      flask --app wsgi webhooks config --check
    """
    rows = console().settings.rows()
    if check:
        say("Every setting is allowed.")
    elif as_json:
        say_list(
            [
                {
                    "name": row.setting.name,
                    "value": row.value,
                    "source": row.source,
                    "default": row.setting.default,
                    "meaning": row.setting.meaning,
                }
                for row in rows
            ]
        )
    else:
        say_table(
            ("setting", "value", "source"),
            [(row.setting.name, row.value, row.source) for row in rows],
            nothing="",
        )
