"""Are the values of a listener's own headers recorded only where they are marked public? Row 42."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import Actor
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.headers import HIDDEN, checked_public, hidden, with_kept
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.errors import Refused
from webhooks_app.storage.models import Attempt, Listener

ANNA = Actor("anna@example.com")
HEADERS = {"X-Key": "top secret", "X-Team": "sales"}


def test_an_attempt_shows_the_headers_that_are_public_and_no_other(any_engine, transport):
    wanted = Wanted(url="http://127.0.0.1:8100/", headers=HEADERS, public_headers=["X-TEAM"])
    made = listeners.create(any_engine, "person", wanted, by=ANNA)
    delivery = factories.make_delivery(any_engine, listener=made.listener)
    deliver_batch(any_engine, [delivery.id], patience=ENDLESS)

    with any_engine.sessions() as session:
        recorded = dict(session.scalars(sa.select(Attempt)).one().request_headers)
        assert session.get_one(Listener, made.listener.id).public_headers == ["x-team"]
    assert (recorded["x-key"], recorded["x-team"]) == (HIDDEN, "sales")
    sent = dict(transport.sent[0].headers)
    assert (sent["x-key"], sent["x-team"]) == ("top secret", "sales")


def test_what_is_public_is_kept_encrypted_all_the_same(any_engine):
    listener = listeners.create(
        any_engine,
        "person",
        Wanted(url="http://127.0.0.1:8100/", headers=HEADERS, public_headers=["x-team"]),
        by=ANNA,
    ).listener

    assert "sales" not in listener.headers_sealed


@pytest.mark.parametrize(
    ("public", "was_public", "sent", "found"),
    [
        ([], [], HIDDEN, "top secret"),
        (["x-key"], ["x-key"], HIDDEN, "top secret"),  # whoever may see the listener has seen it
        (["x-key"], [], HIDDEN, HIDDEN),  # refused by `checked_headers`
        (["X-KEY"], [], HIDDEN, HIDDEN),
        (["x-key"], [], "new", "new"),
        ([], ["x-key"], HIDDEN, "top secret"),
    ],
)
def test_a_value_that_was_hidden_is_not_kept_for_a_header_that_becomes_public(
    public, was_public, sent, found
):
    kept = with_kept({"X-Key": sent}, {"x-key": "top secret"}, public=public, was_public=was_public)

    assert kept == {"X-Key": found}


def test_of_the_headers_only_the_public_ones_are_seen():
    assert hidden({"X-Key": "a", "X-Team": "b"}, public=["x-team"]) == {"X-Key": HIDDEN, "X-Team": "b"}


def test_what_is_not_there_cannot_be_shown():
    assert checked_public(["X-Team", "x-team"], HEADERS) == ("x-team",)
    with pytest.raises(Refused) as refused:
        checked_public(["x-team", "x-tem"], HEADERS)
    assert [(one.field, one.code) for one in refused.value.errors] == [("public_headers", "header_unknown")]
