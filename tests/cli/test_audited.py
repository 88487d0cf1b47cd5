"""Does every command that changes something leave its entry in the audit log? Row 70 of the security plan."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.cli import webhooks
from webhooks_app.engine.sealing import Seal
from webhooks_app.storage import ids
from webhooks_app.storage.people import AuditEntry

_READS = "it reads"
_RUNS = "it runs a process; what that does has entries of its own, or an event's"

WITHOUT = {
    "clock": _RUNS,
    "config": _READS,
    "deliveries list": _READS,
    "deliveries show": _READS,
    "hooks": _READS,
    "listeners list": _READS,
    "migrate": "it changes the tables, not what is in them, and the log is one of them",
    "send": "an event is its own record: it keeps who sent it, and when",
    "up": _RUNS,
    "worker": _RUNS,
}
LISTENER, DELIVERY = "<listener>", "<delivery>"
URL = "https://example.com/hear"
ACTS = {
    "create-token": (["shop", "--scope", "read"], ["create token"]),
    "create-user": (["bo@example.com", "--role", "viewer"], ["create user"]),
    "deliveries retry": ([DELIVERY], ["retry delivery"]),
    "listeners add": (["person", URL], ["create listener"]),
    "listeners pause": ([LISTENER], ["pause listener"]),
    "listeners remove": ([LISTENER], ["delete listener"]),
    "listeners resume": ([LISTENER], ["resume listener"]),
    "prune": ([], ["prune deliveries"]),
    "rotate-keys": ([], ["begin-rotate-keys keys", "rotate-keys keys"]),
    "sign-in-link": ([], ["create user", "sign-in-link user"]),
}


def commands(group, *before):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield " ".join([*before, name])


def test_every_command_is_in_one_of_the_tables():
    assert sorted(commands(webhooks)) == sorted([*ACTS, *WITHOUT])


@pytest.fixture
def rows(app, engine, clock):
    """A listener, an old delivery to it, and a newer key than the one that its secret was sealed with."""
    listener = factories.make_listener(engine, url=URL)
    delivery = factories.make_delivery(engine, listener=listener, status="failed", finished_at=clock())
    clock.tick(365 * 24 * 3600)
    seal = Seal(["a newer key for tests of thirty-two bytes or more", *engine.settings.encryption_keys])
    app.extensions["webhooks"] = replace(app.extensions["webhooks"], engine=replace(engine, seal=seal))
    return {LISTENER: ids.shown(ids.LISTENER, listener.id), DELIVERY: ids.shown(ids.DELIVERY, delivery.id)}


@pytest.mark.parametrize("command", ACTS)
def test_what_changes_something_is_in_the_log(run, engine, rows, command):
    words, acts = ACTS[command]
    if command == "listeners resume":
        run("listeners", "pause", rows[LISTENER])
        acts = ["pause listener", *acts]

    result = run(*command.split(), *(rows.get(word, word) for word in words))

    assert result.exit_code == 0, result.stderr
    with engine.sessions() as session:
        noted = session.scalars(sa.select(AuditEntry)).all()
    assert sorted(f"{one.act} {one.object_type}" for one in noted) == sorted(acts)
    assert {one.actor for one in noted} == {"command line"}
