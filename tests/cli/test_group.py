"""Is every command helpful, and does what goes wrong come in one line? Help, exit statuses, database."""

import json
import logging
import re

import click
import pytest
import sqlalchemy as sa

from webhooks_app import cli
from webhooks_app.logs import set_up_logging
from webhooks_app.storage import migrations


def every_command(group=cli.webhooks, path=()):
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        yield (*path, name)


@pytest.mark.parametrize("words", [(), *every_command()], ids=" ".join)
def test_the_help_of_each_command_has_an_example(run, words):
    result = run(*words, "--help")

    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert "flask --app" in result.stdout
    assert " ".join(("webhooks", *words)) in result.stdout


def test_the_commands_of_the_contract_are_there():
    assert {" ".join(words) for words in every_command()} >= {
        "up", "worker", "clock", "hooks", "send", "listeners list", "listeners add", "listeners pause",
        "listeners resume", "listeners remove", "deliveries list", "deliveries show", "deliveries retry",
        "create-user", "create-token", "sign-in-link", "config", "migrate",
        "rotate-keys",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("nothing-of-that-name",),
        ("hooks", "--nothing"),
        ("send",),
        ("send", "person", "name"),  # neither key=text nor key:=json
        ("send", "person", "age:=forty"),
        ("worker", "--queue", "other"),
        ("listeners", "pause", "evt_0198c0ffee0a7b1c9d2e3f4051627384"),  # an event's id
        ("deliveries", "show", "12"),
        ("deliveries", "list", "--code", "abc"),
        ("deliveries", "list", "--cursor", "abc"),
        ("create-token", "shop", "--scope", "everything"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_two(run, words):
    result = run(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


def test_a_database_without_tables_is_told_with_what_to_do(refused, engine):
    with engine.sessions.begin() as session:
        session.execute(sa.text("DROP TABLE webhooks_listeners"))

    line = refused("listeners", "list")

    assert line == (
        "The database is not up to date (no such table: webhooks_listeners). Run: flask --app wsgi webhooks migrate"
    )


def test_migrate_makes_the_tables_and_can_be_repeated(run, app):
    sa_engine = app.extensions["webhooks"].sa_engine
    with sa_engine.begin() as connection:
        for (table,) in connection.execute(
            sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")
        ).all():
            connection.execute(sa.text(f"DROP TABLE {table}"))

    first, second = run("migrate"), run("migrate")

    assert first.exit_code == second.exit_code == 0
    assert first.stdout == second.stdout == f"The database is at revision {migrations.head()}.\n"
    assert run("listeners", "list").stdout == "There are no such listeners.\n"


def test_config_shows_every_setting_and_no_secret(run, engine):
    table, document = run("config").stdout, run("config", "--json").stdout

    for text in (table, document):
        assert "WEBHOOKS_ALLOWED_NETWORKS" in text
        assert "127.0.0.0/8 ::1/128" in text
        assert engine.settings.secret_key not in text
        assert engine.settings.encryption_keys[0] not in text
    listed = json.loads(document)
    assert set(listed) == {"data", "next"}  # as every list of the API
    assert {"name", "value", "source", "default", "meaning"} == set(listed["data"][0])
    assert run("config", "--check").stdout == "Every setting is allowed.\n"


@pytest.fixture
def log(engine):
    """The log as `create_app` sets it up, and as it was when the test is over."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    set_up_logging(engine.settings)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def test_an_answer_stands_alone_on_stdout_whatever_is_logged(run, queue, log):
    queue.is_down = True

    result = run("send", "person", "name=Joe")

    assert result.exit_code == 0
    assert re.fullmatch(r"evt_[0-9a-f]{32}\n", result.stdout)
    assert "The queue is unreachable" in result.stderr


def test_tables_of_a_newer_version_are_one_line(refused, app):
    with app.extensions["webhooks"].sa_engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE {migrations.VERSION_TABLE} (version_num TEXT)"))
        connection.execute(sa.text(f"INSERT INTO {migrations.VERSION_TABLE} VALUES ('of the future')"))

    assert refused("migrate") == (
        "The tables cannot be migrated: Can't locate revision identified by 'of the future'. "
        "Were they made by a newer version?"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("listeners", "add", "person", "http://a.example/\udcff"),
        ("listeners", "add", "person", "http://a.example/", "--match", "name=\udcff"),
        ("send", "person", "name=\udcff"),
    ],
)
def test_a_word_that_is_no_text_is_wrong_usage(run, words):
    """As bytes that are not UTF-8 come from a terminal; no database and no receiver could be told them."""
    result = run(*words)

    assert result.exit_code == 2
    assert "\\udcff is not UTF-8." in result.stderr
