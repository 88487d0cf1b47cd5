"""Command: what can happen here?"""

from __future__ import annotations

from datetime import timedelta

import click

from webhooks_app.cli.printed import brief, json_option, say_list, say_table
from webhooks_app.console import console
from webhooks_app.engine.documents import hook_json
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
        say_list([hook_json(hook) for hook in known])
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
