"""Do users, tokens and one-time links come from the command line, each secret printed alone and once?"""

import json
import re

import pytest

from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.people import Role
from webhooks_app.storage.queries import people


def users(engine):
    with engine.sessions() as session:
        return {user.email: user.role for user in people.users(session)}


def test_create_user_lets_somebody_sign_in_with_the_password_of_stdin(run, engine):
    result = run(
        "create-user", "Elena@Example.com", "--role", "operator", "--password-stdin",
        typed_in="correct horse battery staple\n",
    )  # fmt: skip

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "elena@example.com may sign in as operator.\n"
    assert users(engine) == {"elena@example.com": Role.OPERATOR}
    assert accounts.sign_in(engine, "elena@example.com", "correct horse battery staple", by=CODE)
    assert accounts.sign_in(engine, "elena@example.com", "correct horse battery stapler", by=CODE) is None


def test_create_user_needs_a_role_and_a_password_where_one_was_promised(run):
    assert run("create-user", "elena@example.com").exit_code == 2
    assert (
        run("create-user", "e@example.com", "--role", "admin", "--password-stdin", typed_in="").exit_code == 2
    )


def test_a_second_user_of_one_name_is_refused_in_one_line(run, refused):
    run("create-user", "elena@example.com", "--role", "admin")

    assert "elena@example.com" in refused("create-user", "ELENA@example.com", "--role", "viewer")


def test_create_token_prints_the_token_alone(run, engine):
    result = run("create-token", "the shop", "--scope", "publish")

    assert re.fullmatch(r"whk_\S{40,}\n", result.stdout)
    with engine.sessions() as session:
        row = accounts.token_of(session, result.stdout.strip())
    assert (row.name, row.scope) == ("the shop", "publish")


def test_a_token_may_expire_after_some_days(run, engine, clock):
    made = json.loads(run("create-token", "CI", "--scope", "read", "--expires-days", "30", "--json").stdout)

    assert made["expires_at"] == "2026-04-01T09:30:00.000Z"
    with engine.sessions() as session:
        assert accounts.token_of(session, made["token"], now=clock())
        clock.tick(30 * 24 * 3600)
        assert accounts.token_of(session, made["token"], now=clock()) is None
    assert run("create-token", "CI", "--scope", "read", "--expires-days", "0").exit_code == 2


def test_sign_in_link_is_printed_alone_and_makes_the_first_admin(run, engine):
    result = run("sign-in-link")

    address = re.fullmatch(r"http://127\.0\.0\.1:8000/login/(\S{20,})\n", result.stdout)
    user = accounts.use_link(engine, address[1], by=CODE)
    assert (user.email, user.role) == ("admin@localhost", Role.ADMIN)
    assert accounts.use_link(engine, address[1], by=CODE) is None
    assert users(engine) == {"admin@localhost": Role.ADMIN}


def test_sign_in_link_is_of_whom_it_was_asked_for(run, engine, make_user):
    make_user(email="admin@example.com", role="admin")
    make_user(email="elena@example.com", role="viewer")

    url = json.loads(run("sign-in-link", "elena@example.com", "--json").stdout)["url"]

    assert accounts.use_link(engine, url.rpartition("/")[2], by=CODE).email == "elena@example.com"


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address"])
def test_sign_in_link_of_a_stranger_is_refused_in_one_line(refused, make_user, email):
    make_user(email="admin@example.com", role="admin")

    assert refused("sign-in-link", email)
