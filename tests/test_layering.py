"""Does everybody import only whom they may? The whole package, read; and the reader, on fake sources."""

import ast
import re

import pytest

from tests.layering import (
    PACKAGE,
    ROOT,
    complaints,
    forbidden_parts,
    is_too_long,
    module_name,
    room_of,
)

SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))
MODULES = {module_name(path) for path in SOURCES}
WRITTEN = [
    path
    for folder, ending in ((PACKAGE, "*.py"), ("tests", "*.py"), ("static/js", "*.js"))
    for path in sorted((ROOT / folder).rglob(ending))
]


def test_every_room_imports_only_whom_it_may():
    found = [
        each
        for path in SOURCES
        for each in complaints(module_name(path), path.read_text("utf-8"), modules=MODULES)
    ]

    assert found == []
    assert len(SOURCES) > 100  # it was not an empty folder that was read


def test_no_file_is_longer_than_three_hundred_lines():
    assert [str(path) for path in WRITTEN if is_too_long(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("room", ["engine", "runtime", "storage"])
def test_the_map_of_a_room_names_each_of_its_modules(room):
    folder = ROOT / PACKAGE / room
    parts = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }

    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""

    assert sorted(parts - {"__init__"} - set(re.findall(r"\w+", told))) == []


def test_no_file_has_a_name_that_says_nothing():
    assert [str(path) for path in WRITTEN if forbidden_parts(path.relative_to(ROOT))] == []


@pytest.mark.parametrize(
    ("module", "room"),
    [
        ("webhooks_app", "top"),
        ("webhooks_app.settings", "base"),
        ("webhooks_app.match", "words"),
        ("webhooks_app.storage.queries.events", "storage"),
        ("webhooks_app.engine", "engine"),
        ("webhooks_app.jobs", "jobs"),
        ("webhooks_app.console", "shared"),
    ],
)
def test_a_module_stands_in_its_room(module, room):
    assert room_of(module) == room


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "webhooks_app.errors",
            "from webhooks_app.settings import Settings, table\nimport webhooks_app.engine",
        ),
        ("webhooks_app.match", "from webhooks_app.storage.models import Event"),
        ("webhooks_app.match", "import sqlalchemy as sa"),
        ("webhooks_app.storage.models", "from webhooks_app.engine import Engine"),
        ("webhooks_app.engine.publish", "from flask import current_app"),
        ("webhooks_app.engine.publish", "from webhooks_app.runtime.rq_queue import RqQueue"),
        ("webhooks_app.engine.publish", "import requests.adapters"),
        ("webhooks_app.engine.publish", "def late():\n    import redis"),
        ("webhooks_app.engine.probe", "import socket"),
        ("webhooks_app.web.settings", "from urllib.request import urlopen"),
        ("webhooks_app.web.settings", "from urllib import request"),
        ("webhooks_app.cli.up", "import http.client"),
        ("webhooks_app.engine.announce", "import smtplib, httpx"),
        ("webhooks_app.engine.publish", "from webhooks_app import hooks"),
        ("webhooks_app.jobs", "from webhooks_app.web import shared"),
        ("webhooks_app.web.hooks", "from webhooks_app import cli"),
        ("webhooks_app.web.hooks", "from webhooks_app.storage import database"),
        ("webhooks_app.web.hooks", "from webhooks_app.runtime.up import run_up"),
        ("webhooks_app.api.hooks", "from webhooks_app.web.forms import ListenerForm"),
        ("webhooks_app.cli.hooks", "from redis import Redis"),
        ("webhooks_app.web.hooks", "db.session.add(row)"),
        ("webhooks_app.api.hooks", "db.session().commit()"),
        ("webhooks_app.storage.queries.hooks", "session.commit()"),
        ("webhooks_app.runtime.worker", "from webhooks_app.cli.worker import worker"),
        ("webhooks_app.runtime.worker", "import flask"),
        ("webhooks_app.demo", "from webhooks_app.web import demo"),
    ],
)
def test_a_broken_rule_is_found(module, source):
    assert complaints(module, source, modules=MODULES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("webhooks_app.match", "from webhooks_app.errors import BadFilter\nimport json"),
        ("webhooks_app.engine.publish", "from webhooks_app.storage import ids\nimport sqlalchemy"),
        ("webhooks_app.engine.transport", "import requests"),
        ("webhooks_app.engine.resolver", "import socket"),
        ("webhooks_app.web.settings", "from urllib.parse import urlsplit\nfrom http import HTTPStatus"),
        ("webhooks_app.engine.publish", "session.add(row)"),  # a verb writes
        ("webhooks_app.web.hooks", "from webhooks_app.storage.queries import hooks\nnames.add('x')"),
        ("webhooks_app.cli.worker", "from webhooks_app.runtime.worker import run_worker"),
        ("webhooks_app.runtime.worker", "import rq\nfrom webhooks_app import jobs"),
        ("webhooks_app.application", "from webhooks_app import api, cli, jobs, web"),
    ],
)
def test_what_is_allowed_is_not_complained_about(module, source):
    assert complaints(module, source, modules=MODULES) == []


def test_long_files_and_empty_names_are_found(tmp_path):
    assert is_too_long("line\n" * 301)
    assert not is_too_long("line\n" * 300)
    assert forbidden_parts(tmp_path / "engine" / "utils.py") == ["utils"]
    assert forbidden_parts(tmp_path / "engine" / "publish.py") == []
