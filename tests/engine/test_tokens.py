"""Does a token let in the program that has it, and no other, until it is revoked?"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from webhooks_app.engine import accounts
from webhooks_app.engine.audit import Actor
from webhooks_app.errors import NotFound, Refused
from webhooks_app.storage.people import ApiToken, AuditEntry

ANNA = Actor("anna@example.com")


@pytest.fixture
def new(any_engine):
    return accounts.create_token(any_engine, " shop ", "publish", by=ANNA)


def found(engine, bearer, *, now=None):
    with engine.sessions() as session:
        return accounts.token_of(session, bearer, now=now or engine.clock())


def test_a_token_is_recognised_and_only_its_hash_is_kept(any_engine, new):
    row = found(any_engine, new.token)

    assert (row.id, row.name, row.scope) == (new.row.id, "shop", "publish")
    assert new.token.startswith("whk_")
    assert len(new.token) == 4 + 43 + 6
    kept = str([getattr(row, column.key) for column in sa.inspect(ApiToken).columns])
    assert new.token[4:-4] not in kept


def test_what_is_not_the_token_opens_nothing(any_engine, new):
    guesses = ["", "whk_", new.token[:-1], new.token + "x", new.token.upper(), "é", "\ud800", new.token[4:]]
    guesses.append(accounts.create_token(any_engine, "x", "read", by=ANNA).token[:-1] + "é")

    assert [found(any_engine, guess) for guess in guesses] == [None] * len(guesses)


def test_a_mistyped_token_asks_nothing_of_the_database(new):
    other = "x" if new.token[10] != "x" else "y"

    assert accounts.token_of(None, new.token[:10] + other + new.token[11:]) is None


def test_a_revoked_token_is_over_at_once(any_engine, new, clock):
    accounts.revoke_token(any_engine, new.row.id, by=ANNA)

    assert found(any_engine, new.token) is None
    with pytest.raises(NotFound):
        accounts.revoke_token(any_engine, "0" * 32, by=ANNA)


def test_a_token_expires_at_its_moment(any_engine, clock):
    until = clock() + timedelta(days=1)
    new = accounts.create_token(any_engine, "shop", "read", by=ANNA, expires_at=until)

    assert found(any_engine, new.token, now=until - timedelta(milliseconds=1))
    assert found(any_engine, new.token, now=until) is None
    with any_engine.sessions() as session:
        [entry] = session.scalars(sa.select(AuditEntry).where(AuditEntry.object_id == new.row.id))
    assert entry.after == {"name": "shop", "scope": "read", "expires_at": "2026-03-03T09:30:00Z"}


def test_the_last_use_is_noted_once_a_minute(any_engine, new, clock):
    first = clock()
    accounts.touch_token(any_engine, found(any_engine, new.token))
    clock.tick(59)
    accounts.touch_token(any_engine, found(any_engine, new.token))
    assert found(any_engine, new.token).last_used_at == first

    clock.tick(1)
    accounts.touch_token(any_engine, found(any_engine, new.token))
    assert found(any_engine, new.token).last_used_at == clock()


@pytest.mark.parametrize(
    "name, scope, field",
    [("", "read", "name"), ("x" * 201, "read", "name"), ("a\nb", "read", "name"), ("shop", "root", "scope")],
)
def test_a_token_needs_a_name_and_a_known_scope(any_engine, name, scope, field):
    with pytest.raises(Refused) as refused:
        accounts.create_token(any_engine, name, scope, by=ANNA)

    assert [error.field for error in refused.value.errors] == [field]


def test_making_and_revoking_are_audited_without_the_token(any_engine, new):
    accounts.revoke_token(any_engine, new.row.id, by=ANNA)
    accounts.revoke_token(any_engine, new.row.id, by=ANNA)

    with any_engine.sessions() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.act for entry in entries] == ["create", "revoke"]
    assert new.token not in str([entry.after for entry in entries])
