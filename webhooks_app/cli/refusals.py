"""How does a command say that it could not? One line on stderr and exit status 1, never a traceback."""

from __future__ import annotations

import sys
from typing import Any

import click
import sqlalchemy as sa
from alembic.util import CommandError
from flask import current_app
from flask.cli import ScriptInfo

from webhooks_app.console import Console
from webhooks_app.engine import QueueUnreachable
from webhooks_app.errors import FieldError, NotRegistered, Refused, WebhooksError
from webhooks_app.logs import log_to
from webhooks_app.redaction import escaped
from webhooks_app.runtime.worker import CannotWork
from webhooks_app.start import one_line
from webhooks_app.storage import faults, migrations

_KNOWN = (WebhooksError, CannotWork, QueueUnreachable, CommandError, sa.exc.DBAPIError)


class WebhooksGroup(click.Group):
    """The group `webhooks`: its commands run in the console's own application, and refuse in one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is no text at all: neither the database nor a receiver could be told it."""
        for word in args:
            if any("\ud800" <= letter <= "\udfff" for letter in word):
                shown = escaped(word.encode("utf-8", "backslashreplace").decode())
                raise click.UsageError(f"{shown} is not UTF-8.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises and we know becomes its line."""
        found = served(ctx)
        log_to(sys.stderr)  # stdout is for what was asked for
        ctx.with_resource(found.app.app_context())
        try:
            return super().invoke(ctx)
        except _KNOWN as error:
            raise click.ClickException(line_of(error, found)) from error


def served(ctx: click.Context) -> Console:
    """The console of the application that flask was told, whichever application embeds it."""
    app = current_app or ctx.ensure_object(ScriptInfo).load_app()
    found: Console = app.extensions["webhooks"]
    return found


def line_of(error: Exception, found: Console) -> str:
    """The sentence for a person, with what to do where that is known."""
    if isinstance(error, Refused):
        return " ".join(_of_field(each) for each in error.errors)
    if isinstance(error, NotRegistered):
        names = list(found.engine.hooks)
        return f"{one_line(error)} " + (f"The hooks are: {', '.join(names)}." if names else "There are none.")
    if isinstance(error, sa.exc.DBAPIError):
        return _about_database(error, found)
    if isinstance(error, CommandError):
        return f"The tables cannot be migrated: {one_line(error)}. Were they made by a newer version?"
    return one_line(error)


def _of_field(error: FieldError) -> str:
    # What is wrong with a condition may begin with its argument, which the field's name ends with.
    argument = error.field.partition(".")[2]
    return f"{error.field}: {error.message.removeprefix(f'{argument}: ')}"


def _about_database(error: sa.exc.DBAPIError, found: Console) -> str:
    said = one_line(error.orig) if error.orig else type(error).__name__
    if migrations.are_behind(found.sa_engine):
        command = migrations.command_for(is_guest=found.is_guest)
        return f"The database is not up to date ({said}). Run: {command}"
    return f"{faults.sentence_for(error)} ({said})"
