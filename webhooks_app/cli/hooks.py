"""Command: what can happen here?"""

from __future__ import annotations

from datetime import timedelta

import click

from webhooks_app.cli.printed import brief, json_option, say_list, say_table
from webhooks_app.console import console
from webhooks_app.event import Hook
from webhooks_app.extensions import db
from webhooks_app.storage.queries import hooks as hook_queries


@click.command()
@json_option
def hooks(as_json: bool) -> None:
    """Show the hooks with what they provide, their listeners and their events of 24 hours.

    \b
    Example:
      flask --app wsgi webhooks hooks
    """
    engine = console().engine
    known = engine.hooks.values()
    if as_json:
        say_list([described(hook) for hook in known])
        return
    found = hook_queries.activity(db.session(), engine.clock() - timedelta(hours=24))
    nothing = hook_queries.Activity()
    rows = []
    for hook in known:
        activity = found.get(hook.name, nothing)
        provides = ", ".join(argument.name for argument in hook.arguments) or "-"
        rows.append((hook.name, provides, activity.listeners, activity.events, brief(activity.last_event_at)))
    say_table(
        ("hook", "provides", "listeners", "events 24 h", "last event"),
        rows,
        nothing="No hooks are registered. WEBHOOKS_HOOKS names the modules that register them.",
    )


def described(hook: Hook) -> dict[str, object]:
    """A hook as the API describes it."""
    return {
        "name": hook.name,
        "verbose_name": hook.verbose_name,
        "description": hook.description,
        "provides_args": [{"name": each.name, "type": each.type} for each in hook.arguments],
    }
