"""Does a user get another password only by who they are, and is whoever came in by the old one out then?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE, Actor
from webhooks_app.errors import NotFound, Refused
from webhooks_app.storage.people import AuditEntry, User

OLD, NEW = "correct horse battery", "another horse battery"
ANNA = Actor("anna@example.com")


@pytest.fixture
def anna(any_engine):
    return accounts.create_user(any_engine, ANNA.name, "viewer", password=OLD, by=CODE)


def stored(engine, user):
    with engine.sessions() as session:
        return session.get_one(User, user.id)


def change(engine, user, *, current=OLD, password=NEW):
    return accounts.change_password(engine, user.id, password, current=current, by=ANNA)


def test_who_knows_the_old_password_sets_a_new_one(any_engine, anna):
    token = accounts.sign_in_link(any_engine, anna.email)

    change(any_engine, anna)

    assert accounts.sign_in(any_engine, anna.email, OLD, by=CODE) is None
    assert accounts.sign_in(any_engine, anna.email, NEW, by=CODE).id == anna.id
    assert stored(any_engine, anna).session_version == 2  # every cookie of before is dead
    assert accounts.use_link(any_engine, token, by=CODE) is None


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"current": NEW}, ("current_password", "password_wrong")),
        ({"current": ""}, ("current_password", "password_wrong")),
        ({"password": "short"}, ("password", "password_short")),
        ({"password": "x" * 1025}, ("password", "password_long")),
    ],
)
def test_anything_else_changes_nothing(any_engine, anna, given, fault):
    with pytest.raises(Refused) as refused:
        change(any_engine, anna, **given)

    assert [(error.field, error.code) for error in refused.value.errors] == [fault]
    assert accounts.sign_in(any_engine, anna.email, OLD, by=CODE)
    assert stored(any_engine, anna).session_version == 1


def test_who_has_no_password_cannot_change_it_by_one(any_engine, anna):
    accounts.void_password(any_engine, anna.id, by=CODE)

    with pytest.raises(Refused, match="This is not your password"):
        change(any_engine, anna)


def test_a_password_that_is_void_opens_nothing_and_ends_every_session(any_engine, anna):
    token = accounts.sign_in_link(any_engine, anna.email)

    accounts.void_password(any_engine, anna.id, by=ANNA)

    assert accounts.sign_in(any_engine, anna.email, OLD, by=CODE) is None
    assert accounts.use_link(any_engine, token, by=CODE) is None
    assert stored(any_engine, anna).session_version == 2


def test_each_is_audited_without_a_word_of_the_password(any_engine, anna):
    change(any_engine, anna)
    accounts.void_password(any_engine, anna.id, by=ANNA)

    with any_engine.sessions() as session:
        noted = session.scalars(sa.select(AuditEntry).where(AuditEntry.actor == ANNA.name)).all()
    assert sorted((one.act, one.object_id, one.before, one.after) for one in noted) == [
        ("set-password", anna.id, None, None),
        ("void-password", anna.id, None, None),
    ]


@pytest.mark.parametrize(
    "verb", [change, lambda engine, user: accounts.void_password(engine, user.id, by=ANNA)]
)
def test_whoever_is_gone_has_no_password(any_engine, anna, verb):
    other = accounts.create_user(any_engine, "bo@example.com", "admin", by=CODE)
    accounts.delete_user(any_engine, anna.id, by=CODE)

    with pytest.raises(NotFound):
        verb(any_engine, anna)
    assert stored(any_engine, other).password_hash is None
