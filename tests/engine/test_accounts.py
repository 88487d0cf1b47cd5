"""Do people come in by their password or a link, once each, and nobody else?"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.factories import make_user
from webhooks_app.engine import accounts, passwords
from webhooks_app.engine.audit import COMMAND_LINE, STRANGER, Actor
from webhooks_app.errors import Conflict, NotFound, Refused
from webhooks_app.storage.people import AuditEntry, SignInLink, User

ANNA = Actor("anna@example.com")
HERE = Actor(STRANGER, ip="192.0.2.7", request_id="a-request")
PASSWORD = "correct horse battery"


def codes(call):
    with pytest.raises(Refused) as refused:
        call()
    return [(error.field, error.code) for error in refused.value.errors]


def stored(engine, user):
    with engine.sessions() as session:
        return session.get(User, user.id)


def test_a_user_signs_in_with_their_password_alone(any_engine, clock):
    user = accounts.create_user(
        any_engine, " Anna@Example.com ", "operator", password=PASSWORD, by=COMMAND_LINE
    )
    clock.tick(60)

    assert accounts.sign_in(any_engine, "ANNA@example.com", PASSWORD, by=HERE).id == user.id
    assert accounts.sign_in(any_engine, "anna@example.com", PASSWORD + "!", by=HERE) is None
    assert accounts.sign_in(any_engine, "nobody@example.com", PASSWORD, by=HERE) is None
    found = stored(any_engine, user)
    assert (found.email, found.role, found.last_seen_at) == ("anna@example.com", "operator", clock())
    assert PASSWORD not in found.password_hash
    assert found.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_user_without_a_password_cannot_sign_in_with_one(engine, make_user):
    user = make_user()

    for guess in ("", "x" * 12, "the password of nobody"):
        assert accounts.sign_in(engine, user.email, guess, by=HERE) is None


def test_an_unknown_user_costs_as_much_as_a_known_one():
    parameters = passwords._nobodys().split("$")[1:4]

    assert parameters == passwords.hashed(PASSWORD).split("$")[1:4]
    assert passwords.fits("the password of nobody", None) is False


def test_an_old_hash_is_made_anew_when_its_user_signs_in(engine, make_user):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user = make_user(password_hash=weak)

    assert accounts.sign_in(engine, user.email, PASSWORD, by=HERE)

    assert stored(engine, user).password_hash != weak
    assert accounts.sign_in(engine, user.email, PASSWORD, by=HERE)


@pytest.mark.parametrize("became", [None, "the hash of another password"])
def test_a_password_that_was_voided_or_changed_meanwhile_does_not_come_back(any_engine, became):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user = make_user(any_engine, password_hash=weak)

    class AfterAChange:
        def begin(self):
            with any_engine.sessions.begin() as session:
                session.get_one(User, user.id).password_hash = became
            return any_engine.sessions.begin()

    accounts.sign_in(replace(any_engine, sessions=AfterAChange()), user.email, PASSWORD, by=HERE)

    assert stored(any_engine, user).password_hash == became


def test_a_password_is_hashed_as_the_plan_says(engine, make_user):
    """Row 59 of the security plan: argon2id with 19 MiB, two passes and one lane."""
    assert passwords.hashed(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "password, code",
    [
        ("x" * 11, "password_short"),
        ("x" * 12, None),
        ("x" * 1024, None),
        ("x" * 1025, "password_long"),
        ("é" * 513, "password_long"),  # bytes, not characters
        ("\ud800" * 12, None),  # a lone surrogate is no reason to fail
    ],
)
def test_a_password_has_a_length(engine, password, code):
    def make():
        return accounts.create_user(engine, "anna@example.com", "admin", password=password, by=ANNA)

    if code:
        assert codes(make) == [("password", code)]
        assert accounts.sign_in(engine, "anna@example.com", password, by=HERE) is None
    else:
        make()
        assert accounts.sign_in(engine, "anna@example.com", password, by=HERE)


@pytest.mark.parametrize(
    "email", ["", "anna", "a b@example.com", "a@b@c", "a@example.com\nx", "x" * 70 + "@y.z"]
)
def test_an_address_that_is_none_is_refused(engine, email):
    assert codes(lambda: accounts.create_user(engine, email, "admin", by=ANNA)) == [("email", "email")]


def test_a_taken_address_and_an_unknown_role_are_refused(any_engine):
    accounts.create_user(any_engine, "anna@example.com", "admin", by=ANNA)

    def again():
        return accounts.create_user(any_engine, "ANNA@example.com", "admin", by=ANNA)

    assert codes(again) == [("email", "email_taken")]
    assert codes(lambda: accounts.create_user(any_engine, "b@example.com", "root", by=ANNA)) == [
        ("role", "role")
    ]


def test_the_first_link_makes_the_first_admin(any_engine):
    user = accounts.use_link(any_engine, accounts.sign_in_link(any_engine), by=HERE)

    assert (user.email, user.role, user.password_hash) == ("admin@localhost", "admin", None)
    assert accounts.use_link(any_engine, accounts.sign_in_link(any_engine), by=HERE).id == user.id


def test_a_link_signs_in_the_one_it_names(any_engine):
    make_user(any_engine, role="admin")
    user = make_user(any_engine, email="bea@example.com", role="viewer")

    token = accounts.sign_in_link(any_engine, "Bea@example.com")

    assert accounts.use_link(any_engine, token, by=HERE).id == user.id
    with pytest.raises(NotFound, match=r"no user c@example\.com"):
        accounts.sign_in_link(any_engine, "c@example.com")


def test_a_link_works_once_and_for_a_quarter_of_an_hour(any_engine, clock):
    token = accounts.sign_in_link(any_engine)
    late = accounts.sign_in_link(any_engine)

    clock.tick(15 * 60 - 1)
    with any_engine.sessions() as session:
        assert accounts.link_is_good(session, token, now=clock())
        assert not accounts.link_is_good(session, "made up", now=clock())
    assert accounts.use_link(any_engine, token, by=HERE)
    assert accounts.use_link(any_engine, token, by=HERE) is None
    clock.tick(1)
    assert accounts.use_link(any_engine, late, by=HERE) is None
    assert accounts.use_link(any_engine, "made up", by=HERE) is None


def test_of_two_browsers_one_uses_the_link(any_engine):
    token, users, gate = accounts.sign_in_link(any_engine), [], threading.Barrier(4)

    def use() -> None:
        gate.wait()
        users.append(accounts.use_link(any_engine, token, by=HERE))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([user for user in users if user]) == 1


def test_a_link_is_kept_as_a_hash_only(any_engine):
    token = accounts.sign_in_link(any_engine)

    with any_engine.sessions() as session:
        assert token not in session.scalars(sa.select(SignInLink.token_hash)).all()


def test_signing_out_everywhere_makes_every_cookie_a_strangers(any_engine):
    user = make_user(any_engine)
    cookie = user.get_id()

    with any_engine.sessions() as session:
        assert accounts.user_by_session(session, cookie).id == user.id
        for strange in ("", ".", user.id, f"{user.id}.2", "x.1", f"{user.id}.١"):
            assert accounts.user_by_session(session, strange) is None
    accounts.sign_out_everywhere(any_engine, user.id, by=ANNA)

    with any_engine.sessions() as session:
        assert accounts.user_by_session(session, cookie) is None


def test_a_new_password_ends_the_sessions_of_the_old_one(any_engine):
    user = make_user(any_engine)

    accounts.set_password(any_engine, user.id, PASSWORD, by=ANNA)

    assert stored(any_engine, user).session_version == 2
    assert accounts.sign_in(any_engine, user.email, PASSWORD, by=HERE)


@pytest.mark.parametrize(
    "verb",
    [
        lambda engine, user: accounts.set_password(engine, user.id, PASSWORD, by=ANNA),
        lambda engine, user: accounts.sign_out_everywhere(engine, user.id, by=ANNA),
    ],
    ids=["new password", "signed out everywhere"],
)
def test_a_link_that_was_open_before_signs_nobody_in_afterwards(any_engine, verb):
    user, other = make_user(any_engine), make_user(any_engine)
    token, of_other = (accounts.sign_in_link(any_engine, one.email) for one in (user, other))

    verb(any_engine, user)

    assert accounts.use_link(any_engine, token, by=HERE) is None
    assert accounts.use_link(any_engine, of_other, by=HERE).id == other.id


def test_signing_out_everywhere_is_audited(any_engine):
    user = make_user(any_engine)

    accounts.sign_out_everywhere(any_engine, user.id, by=ANNA)

    with any_engine.sessions() as session:
        [entry] = session.scalars(sa.select(AuditEntry))
    assert (entry.act, entry.object_id, entry.actor) == ("sign-out-everywhere", user.id, ANNA.name)


def test_the_last_admin_stays(any_engine):
    admin = make_user(any_engine, role="admin")
    viewer = make_user(any_engine, role="viewer")
    for verb in (
        lambda: accounts.set_role(any_engine, admin.id, "viewer", by=ANNA),
        lambda: accounts.delete_user(any_engine, admin.id, by=ANNA),
    ):
        with pytest.raises(Conflict, match="last admin"):
            verb()

    accounts.set_role(any_engine, viewer.id, "admin", by=ANNA)
    assert stored(any_engine, viewer).session_version == 2  # who had a cookie as a viewer signs in anew
    accounts.set_role(any_engine, viewer.id, "admin", by=ANNA)
    assert stored(any_engine, viewer).session_version == 2  # nothing has changed
    accounts.sign_in_link(any_engine, admin.email)
    accounts.delete_user(any_engine, admin.id, by=ANNA)

    assert stored(any_engine, admin) is None
    assert stored(any_engine, viewer).role == "admin"


def test_what_is_done_to_users_is_audited_without_passwords(any_engine, clock):
    user = accounts.create_user(any_engine, "anna@example.com", "admin", password=PASSWORD, by=ANNA)
    clock.tick(1)
    accounts.set_password(any_engine, user.id, PASSWORD + "!", by=ANNA)

    with any_engine.sessions() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.at)).all()
    assert [(entry.act, entry.after) for entry in entries] == [
        ("create", {"email": "anna@example.com", "role": "admin"}),
        ("set-password", None),
    ]
    assert entries[1].at - entries[0].at == timedelta(seconds=1)


def test_whoever_comes_and_goes_is_noted_with_where_they_are(any_engine):
    user = accounts.create_user(any_engine, "bo@example.com", "viewer", password=PASSWORD, by=ANNA)
    token = accounts.sign_in_link(any_engine, user.email, by=ANNA)

    accounts.sign_in(any_engine, user.email, PASSWORD, by=HERE)
    accounts.sign_in(any_engine, user.email, "a wrong password", by=HERE)
    accounts.use_link(any_engine, token, by=HERE)
    accounts.use_link(any_engine, token, by=HERE)
    accounts.sign_out(any_engine, user.id, by=ANNA)
    accounts.sign_out(any_engine, "somebody who is gone", by=ANNA)

    with any_engine.sessions() as session:
        noted = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.act.in_(["sign-in", "sign-out"]))
        ).all()
    came = [(one.actor, one.ip, one.request_id, one.after) for one in noted if one.act == "sign-in"]
    assert sorted(came, key=str) == [
        ("bo@example.com", "192.0.2.7", "a-request", {"by": "link"}),
        ("bo@example.com", "192.0.2.7", "a-request", {"by": "password"}),
    ]
    assert [(one.actor, one.object_id) for one in noted if one.act == "sign-out"] == [(ANNA.name, user.id)]
