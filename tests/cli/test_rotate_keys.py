"""Does the command say what it encrypted anew, and what it could not read?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.factories import make_listener
from webhooks_app.engine.sealing import Seal


@pytest.fixture
def turning(app, engine):
    """The console's keys turn: a new one stands in front of the old one."""
    seal = Seal(["a newer key for tests of thirty-two bytes or more", *engine.settings.encryption_keys])
    console = app.extensions["webhooks"]
    app.extensions["webhooks"] = replace(console, engine=replace(engine, seal=seal))


@pytest.fixture
def lost(engine):
    """A listener whose key is not there any more."""
    return make_listener(
        replace(engine, seal=Seal(["a key that is lost, of thirty-two bytes"])), name="Billing"
    )


def test_it_says_how_much_was_encrypted_anew(run, engine, turning):
    make_listener(engine, headers={"x-tenant": "7"})

    dry, first, second = run("rotate-keys", "--dry-run"), run("rotate-keys"), run("rotate-keys")

    assert [result.exit_code for result in (dry, first, second)] == [0, 0, 0]
    assert dry.stdout == "Would encrypt 2 values anew; 0 had the newest key already.\n"
    assert first.stdout == "Encrypted 2 values anew; 0 had the newest key already.\n"
    assert second.stdout == "Encrypted 0 values anew; 2 had the newest key already.\n"


def test_what_cannot_be_read_is_named_and_fails(run, engine, turning, lost):
    make_listener(engine)

    result = run("rotate-keys")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Encrypted 1 value anew; 0 had the newest key already.",
        f"Cannot be read: the signing secret of lsn_{lost.id} (Billing).",
    ]
    assert result.stderr.startswith("Error: 1 value cannot be read with these keys.")
    assert result.stderr.count("\n") == 1


def test_as_json_it_is_one_document(run, engine, turning, lost):
    make_listener(engine)

    result = run("rotate-keys", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "dry_run": False,
        "reencrypted": 1,
        "already_new": 0,
        "unreadable": [{"listener_id": f"lsn_{lost.id}", "name": "Billing", "what": "signing secret"}],
    }
