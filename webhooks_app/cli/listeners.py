"""Commands: who wants to hear of it?"""

from __future__ import annotations

from typing import Any

import click

from webhooks_app.cli.printed import json_option, say, say_json, say_list, say_table, short
from webhooks_app.cli.typed import LISTENER, assigned
from webhooks_app.console import console
from webhooks_app.engine import listeners as verbs
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.engine.documents import listener_json
from webhooks_app.errors import BadFilter
from webhooks_app.extensions import db
from webhooks_app.match import Filter
from webhooks_app.storage import ids
from webhooks_app.storage.models import Listener, State
from webhooks_app.storage.queries import listeners as queries


@click.group()
def listeners() -> None:
    """Show, add, pause, resume and remove listeners.

    \b
    Example:
      flask --app wsgi webhooks listeners list --state failing
    """


@listeners.command("list")
@click.option("--hook", help="Only the listeners of this hook.")
@click.option("--state", type=click.Choice([each.value for each in State]), help="Only those in this state.")
@json_option
def list_(hook: str | None, state: str | None, as_json: bool) -> None:
    """Show the listeners.

    \b
    Example:
      flask --app wsgi webhooks listeners list --hook person
    """
    found = queries.all(db.session(), hook=hook, state=state)
    if as_json:
        say_list([as_document(each) for each in found])
        return
    rows = [
        (
            ids.shown(ids.LISTENER, each.id),
            short(each.hook),
            each.state,
            short(each.name),
            short(each.url),
            sentence(each),
        )
        for each in found
    ]
    say_table(("id", "hook", "state", "name", "url", "filter"), rows, nothing="There are no such listeners.")


@listeners.command()
@click.argument("hook")
@click.argument("url")
@click.option("--name", default="", help="What it is called on the pages.")
@click.option(
    "--match", "conditions", multiple=True, metavar="ARG=VALUE",
    help="Only events with this value (ARG:=JSON where it is no text); may be repeated.",
)  # fmt: skip
@click.option("--filter", "filter_json", help='Conditions as JSON, such as {"name": {"startswith": "J"}}.')
@json_option
def add(
    hook: str, url: str, name: str, conditions: tuple[str, ...], filter_json: str | None, as_json: bool
) -> None:
    """Have the events of HOOK sent to URL; prints the id and, this once, the signing secret.

    \b
    Examples:
      flask --app wsgi webhooks listeners add person https://example.com/hear --match name=Joe
      flask --app wsgi webhooks listeners add person https://example.com/hear \\
        --filter '{"name": {"like": "^J"}}'
    """
    engine = console().engine
    equal = assigned(conditions, arguments=engine.hooks[hook].arguments)
    wanted = verbs.Wanted(url=url, name=name, filter=Filter(equal), given_filter=filter_json)
    made = verbs.create(engine, hook, wanted, by=COMMAND_LINE)
    if as_json:
        say_json({**as_document(made.listener), "secret": made.secret})
    else:
        say(f"id:     {ids.shown(ids.LISTENER, made.listener.id)}")
        say(f"secret: {made.secret}")


@listeners.command()
@click.argument("listener", type=LISTENER)
@json_option
def pause(listener: str, as_json: bool) -> None:
    """Hold what would be sent, until `resume`.

    \b
    Example:
      flask --app wsgi webhooks listeners pause lsn_0198c0ffee0a7b1c9d2e3f4051627384
    """
    _tell(verbs.pause(console().engine, listener, by=COMMAND_LINE), "is paused", as_json=as_json)


@listeners.command()
@click.argument("listener", type=LISTENER)
@json_option
def resume(listener: str, as_json: bool) -> None:
    """Send again, what was held included; also for a listener that fails or is disabled.

    \b
    Example:
      flask --app wsgi webhooks listeners resume lsn_0198c0ffee0a7b1c9d2e3f4051627384
    """
    _tell(verbs.resume(console().engine, listener, by=COMMAND_LINE), "is active", as_json=as_json)


@listeners.command()
@click.argument("listener", type=LISTENER)
@json_option
def remove(listener: str, as_json: bool) -> None:
    """Send it nothing any more; what waits is cancelled, what was sent stays in the log.

    \b
    Example:
      flask --app wsgi webhooks listeners remove lsn_0198c0ffee0a7b1c9d2e3f4051627384
    """
    _tell(verbs.delete(console().engine, listener, by=COMMAND_LINE), "is removed", as_json=as_json)


def _tell(listener: Listener, done: str, *, as_json: bool) -> None:
    if as_json:
        say_json(as_document(listener))
    else:
        say(f"{ids.shown(ids.LISTENER, listener.id)} {done}.")


def sentence(listener: Listener) -> str:
    """The filter as people read it."""
    try:
        return str(Filter.from_json(listener.filter))
    except BadFilter:
        return "(unreadable)"


def as_document(listener: Listener) -> dict[str, Any]:
    """A listener as the API shows it."""
    return listener_json(console().engine, listener)
