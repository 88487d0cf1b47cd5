"""Is the application put together from its settings, and does it say what is wrong with the hooks it is given?"""

import logging
import re
import sys

import pytest
import sqlalchemy as sa

from tests.build import settings_for
from webhooks_app import Hook, create_app, hooks
from webhooks_app.application import import_hooks
from webhooks_app.console import Console
from webhooks_app.errors import AlreadyRegistered, HooksModuleError, SettingError
from webhooks_app.jobs import engine as engine_of_jobs
from webhooks_app.storage import migrations
from webhooks_app.storage.models import Listener


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of hooks; gives its file. What it registers is forgotten afterwards."""
    known = set(hooks)
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, source):
        path = tmp_path / f"{name}.py"
        path.write_text(source, "utf-8")
        return path

    yield write
    for name in set(hooks) - known:
        hooks.unregister(name)


@pytest.fixture
def whole_app(tmp_path):
    """create_app with these settings; the log and the hooks' binding are as they were when the test is over."""
    root, port = logging.getLogger(), hooks._port
    level, handlers, made = root.level, list(root.handlers), []

    def make(**environ):
        made.append(create_app(settings_for(tmp_path, **environ)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["webhooks"].sa_engine.dispose()
    hooks._port = port
    root.setLevel(level)
    root.handlers[:] = handlers


def test_the_application_serves_and_is_bound_to_hooks_and_jobs(whole_app, module):
    module("hooks_of_a_shop", "from webhooks_app import Hook, hooks\nhooks.register(Hook(name='sold'))\n")

    app = whole_app(WEBHOOKS_HOOKS="hooks_of_a_shop")

    found = app.extensions["webhooks"]
    assert isinstance(found, Console)
    assert app.test_client().get("/healthz").status_code == 200
    assert "webhooks" in app.cli.commands
    assert engine_of_jobs() is found.engine
    assert "sold" in found.engine.hooks


def test_a_console_with_an_https_address_has_the_strict_cookie(whole_app):
    plain = whole_app(WEBHOOKS_HOOKS="")
    strict = whole_app(WEBHOOKS_HOOKS="", PUBLIC_BASE_URL="https://hooks.example.com")

    assert plain.config["SESSION_COOKIE_NAME"] == "webhooks_session"
    assert strict.config["SESSION_COOKIE_NAME"] == "__Host-webhooks"
    assert strict.config["SESSION_COOKIE_SECURE"] is True


PRODUCTION = {
    "WEBHOOKS_HOOKS": "", "WEBHOOKS_ENV": "production", "PUBLIC_BASE_URL": "https://hooks.example.com",
    "TRUSTED_HOSTS": "hooks.example.com", "REDIS_URL": "redis://127.0.0.1:1/0",
}  # fmt: skip


def test_production_does_not_start_with_the_debugger(whole_app, monkeypatch):
    """Row 73 of the security plan: who crashes a page could type Python into it."""
    monkeypatch.setenv("FLASK_DEBUG", "1")

    with pytest.raises(SettingError, match="FLASK_DEBUG is on, and production does not start with it"):
        whole_app(**PRODUCTION)

    assert whole_app(WEBHOOKS_HOOKS="").debug
    monkeypatch.delenv("FLASK_DEBUG")
    assert not whole_app(**PRODUCTION).debug


@pytest.mark.parametrize(
    ("source", "said", "line"),
    [
        ("import json\n\nnames = unknown\n", "NameError: name 'unknown' is not defined", 3),
        ("import json\ndef broken(:\n", "SyntaxError: invalid syntax", 2),
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'", 1),
        (
            "import json\n\njson.loads('nonsense')\n",
            "JSONDecodeError: Expecting value",
            3,
        ),  # not json's own line
        (
            (
                "from webhooks_app import Hook, hooks\nhooks.register(Hook(name='twice'))\n"
                "hooks.register(Hook(name='twice'))\n"
            ),
            "AlreadyRegistered: A hook named 'twice' is already registered.",
            3,
        ),
        ("from webhooks_app import Hook\n\n\nHook(name='no such/name')\n", "BadHook: ", 4),
        ("import sys\n\nsys.exit(3)\n", "SystemExit: 3", 3),
    ],
    ids=["name", "syntax", "import", "library", "twice", "bad hook", "exit"],
)
def test_a_hooks_module_that_fails_is_named_with_file_and_line(module, source, said, line):
    name = f"failing_{abs(hash(source))}"
    path = module(name, source)

    with pytest.raises(HooksModuleError) as caught:
        import_hooks((name,))

    sentence = str(caught.value)
    assert sentence.startswith(f"The hooks module {name} cannot be imported: {said}")
    assert sentence.endswith(f"({path}, line {line}). See WEBHOOKS_HOOKS.")
    assert "\n" not in sentence


def test_a_hooks_module_that_does_not_exist_is_named(module):
    with pytest.raises(HooksModuleError) as caught:
        import_hooks(("no_such_hooks",))

    assert re.fullmatch(
        r"The hooks module no_such_hooks cannot be imported: ModuleNotFoundError: "
        r"No module named 'no_such_hooks'\. See WEBHOOKS_HOOKS\.",
        str(caught.value),
    )


def test_two_modules_cannot_have_hooks_of_one_name(module):
    hooks.register(Hook(name="sold"))
    path = module("sells_too", "from webhooks_app import Hook, hooks\nhooks.register(Hook(name='sold'))\n")

    with pytest.raises(HooksModuleError) as caught:
        import_hooks(("sells_too",))

    assert isinstance(caught.value.__cause__, AlreadyRegistered)
    assert "'sold'" in str(caught.value)
    assert f"{path}, line 2" in str(caught.value)
    hooks.unregister("sold")


DECLARES = """
from webhooks_app import Hook, hooks
SOLD = hooks.register(Hook(name="declared.sold", provides_args=["name"]))
SAVED = SOLD.listener(url="http://127.0.0.1:8100/sold").match(name="Joe").save()
"""


@pytest.mark.parametrize(
    "command", [["webhooks", "migrate"], ["db", "upgrade"]], ids=["ours", "flask-migrate"]
)
def test_a_module_that_saves_listeners_can_be_imported_before_the_tables_are_made(
    whole_app, module, database_url, command
):
    module("declares_early", DECLARES)
    app = whole_app(WEBHOOKS_HOOKS="declares_early", DATABASE_URL=database_url)
    sa_engine = app.extensions["webhooks"].sa_engine

    assert app.test_client().get("/readyz").status_code == 503
    ran = app.test_cli_runner().invoke(args=command)

    assert ran.exit_code == 0, ran.output
    with sa_engine.connect() as connection:
        urls = connection.execute(sa.select(Listener.url)).scalars().all()
    assert urls == ["http://127.0.0.1:8100/sold"]
    migrations.downgrade(sa_engine, "base")
    del sys.modules["declares_early"]


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        ({"PUBLIC_BASE_URL": "http://hooks.example.com"}, True),
        ({"PUBLIC_BASE_URL": "https://hooks.example.com"}, False),
        ({"PUBLIC_BASE_URL": "http://hooks.example.com", "WEBHOOKS_ENV": "development"}, False),
        # A command's standard output belongs to its answer.
        ({"PUBLIC_BASE_URL": "http://hooks.example.com", "FLASK_RUN_FROM_CLI": "true"}, False),
    ],
    ids=["http", "https", "development", "command"],
)
def test_production_without_https_is_warned_of(whole_app, monkeypatch, caplog, environ, warned):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", environ.pop("FLASK_RUN_FROM_CLI", "false"))

    given = {"WEBHOOKS_ENV": "production", "TRUSTED_HOSTS": "hooks.example.com", "WEBHOOKS_HOOKS": ""}
    given["REDIS_URL"] = "redis://127.0.0.1:6379/0"
    whole_app(**{**given, **environ})

    assert ("PUBLIC_BASE_URL is http" in caplog.text) is warned


@pytest.mark.parametrize(("env", "warned"), [("production", True), ("development", False)])
def test_production_that_may_reach_everything_is_warned_of(whole_app, caplog, env, warned):
    whole_app(
        WEBHOOKS_ENV=env,
        WEBHOOKS_ALLOWED_NETWORKS="0.0.0.0/0",
        TRUSTED_HOSTS="hooks.example.com",
        PUBLIC_BASE_URL="https://hooks.example.com",
        REDIS_URL="redis://127.0.0.1:6379/0",
        WEBHOOKS_HOOKS="",
    )

    assert ("WEBHOOKS_ALLOWED_NETWORKS opens 0.0.0.0/0" in caplog.text) is warned
