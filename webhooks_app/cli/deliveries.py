"""Commands: what was sent, and how did it go?"""

from __future__ import annotations

from typing import Any

import click

from webhooks_app.cli.printed import brief, json_option, say, say_json, say_list, say_table, short
from webhooks_app.cli.typed import DELIVERY, EVENT, LISTENER
from webhooks_app.console import console
from webhooks_app.engine import intervene
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.engine.documents import delivery_json, delivery_with_attempts
from webhooks_app.errors import Conflict, NotFound
from webhooks_app.extensions import db
from webhooks_app.start import one_line
from webhooks_app.storage import ids
from webhooks_app.storage.models import WAITING, Attempt, Delivery, Status
from webhooks_app.storage.queries import deliveries as queries


@click.group()
def deliveries() -> None:
    """Show the log of deliveries, one of them, or send again what did not arrive.

    \b
    Example:
      flask --app wsgi webhooks deliveries list --status failed
    """


@deliveries.command("list")
@click.option("--hook", help="Only of this hook.")
@click.option("--listener", type=LISTENER, help="Only to this listener.")
@click.option("--event", type=EVENT, help="Only of this event.")
@click.option(
    "--status", type=click.Choice([each.value for each in Status]), multiple=True, help="May be repeated."
)
@click.option("--code", help="The last answer's status code: 500, or 5xx for all of its hundred.")
@click.option("--limit", type=click.IntRange(1, 200), default=25, show_default=True)
@click.option("--cursor", help="Go on where a list ended: its `next`.")
@json_option
def list_(limit: int, cursor: str | None, as_json: bool, **narrowed: Any) -> None:
    """Show the deliveries, newest first.

    \b
    Examples:
      flask --app wsgi webhooks deliveries list --status failed --code 5xx
      flask --app wsgi webhooks deliveries list --hook person --limit 200 --json
    """
    wanted = queries.DeliveryFilter(
        hook=narrowed["hook"],
        listener_id=narrowed["listener"],
        event_id=narrowed["event"],
        status=narrowed["status"],
        code=narrowed["code"],
    )
    try:
        page = queries.newest(db.session(), wanted, cursor=cursor, limit=limit)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        say_list([delivery_json(each) for each in page.rows], following=page.older)
        return
    say_table(
        ("id", "hook", "listener", "status", "attempts", "answer", "created"),
        [_row(each) for each in page.rows],
        nothing="There are no such deliveries.",
    )
    if page.older:
        say(f"More: --cursor {page.older}")


@deliveries.command()
@click.argument("delivery", type=DELIVERY)
@json_option
def show(delivery: str, as_json: bool) -> None:
    """Show one delivery with its attempts.

    \b
    Example:
      flask --app wsgi webhooks deliveries show dlv_0198c0ffee0a7b1c9d2e3f4051627384
    """
    found = queries.one(db.session(), delivery)
    if found is None:
        raise NotFound(f"There is no delivery {ids.shown(ids.DELIVERY, delivery)}.")
    if as_json:
        say_json(delivery_with_attempts(console().engine, found))
        return
    say(f"{ids.shown(ids.DELIVERY, found.id)} is {found.status}. {found.reason}".rstrip())
    say(f"Event:    {ids.shown(ids.EVENT, found.event_id)} of {found.hook}")
    say(f"Listener: {ids.shown(ids.LISTENER, found.listener_id)} {found.listener.url}")
    if found.status in WAITING:
        say(f"Next:     {brief(found.due_at)}")
    rows = [
        (each.number, brief(each.started_at), _took(each), each.status_code or "-", each.error or "-")
        for each in found.attempts
    ]
    say_table(("attempt", "started", "took", "answer", "error"), rows, nothing="There was no attempt yet.")


@deliveries.command()
@click.argument("delivery", type=DELIVERY, nargs=-1, required=True)
def retry(delivery: tuple[str, ...]) -> None:
    """Send deliveries again that failed, wait, are held or were cancelled; at most 1000 at once.

    \b
    Example:
      flask --app wsgi webhooks deliveries retry dlv_0198c0ffee0a7b1c9d2e3f4051627384
    """
    refused, chosen = [], list(dict.fromkeys(delivery))
    intervene.check_number(len(chosen))
    for each in chosen:
        shown = ids.shown(ids.DELIVERY, each)
        try:
            intervene.retry(console().engine, each, by=COMMAND_LINE)
        except (Conflict, NotFound) as error:
            refused.append(f"{shown}: {one_line(error)}")
        else:
            say(f"{shown} is sent again.")
    if refused:
        raise click.ClickException(" ".join(refused))


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        ids.shown(ids.DELIVERY, delivery.id),
        short(delivery.hook),
        short(delivery.listener.name or delivery.listener.url),
        delivery.status,
        delivery.attempt_count,
        delivery.last_status_code or delivery.last_error_class or "-",
        brief(delivery.created_at),
    )


def _took(attempt: Attempt) -> str:
    return "-" if attempt.duration_ms is None else f"{attempt.duration_ms:.0f} ms"
