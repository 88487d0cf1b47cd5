"""Does the README work? Its Python blocks run, in order, in a process of their own; its commands exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from webhooks_app.cli import webhooks

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


SHOP = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
"""

BEFORE = """
from pathlib import Path
from types import SimpleNamespace
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from webhooks_app import create_app
from webhooks_app.storage import migrations

here = Path.cwd()
app = Flask("shop", instance_path=str(here))
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{here}/shop.db"
db = SQLAlchemy()
db.init_app(app)
current_user = SimpleNamespace(is_staff=True)
console = create_app()
migrations.upgrade(console.extensions["webhooks"].sa_engine)
"""

AFTER = """
import sqlalchemy as sa
from webhooks_app.engine.message import Occasion, headers_for
from webhooks_app.engine.signing import key_of
from webhooks_app.storage.models import Listener
import time

with console.extensions["webhooks"].engine.sessions() as session:
    kept = session.scalars(sa.select(Listener).order_by(Listener.created_at)).all()
assert [one.filter for one in kept] == [{"name": {"is": "Joe"}}, {"name": {"startswith": "J"}}], kept

body = b'{"name":"Joe"}'
headers = headers_for(
    body, occasion=Occasion("evt_1", "person", 1), body_format="plain", timestamp=int(time.time()),
    keys=[key_of(SECRET)], own=(),
)
client = receiver.test_client()
assert client.post("/listening", data=body, headers=dict(headers)).get_data() == b"thanks!"
assert client.post("/listening", data=body + b" ", headers=dict(headers)).status_code == 400
print("The README works.")
"""


def test_the_python_blocks_run_in_order(tmp_path):
    (tmp_path / "shop.py").write_text(SHOP)
    script = tmp_path / "readme.py"
    script.write_text("\n".join([BEFORE, *blocks("python"), AFTER]))
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "DATABASE_URL": f"sqlite:///{tmp_path}/console.db",
        "WEBHOOKS_HOOKS": "",
    }

    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, env=environ, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "The README works." in done.stdout


def commands(program: str) -> list[list[str]]:
    """The command lines of the README that run `program`, without their comments."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", README)
    return [shlex.split(line, comments=True) for line in lines if line.startswith(program)]


def test_every_make_target_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {line[1] for line in commands("make ")}

    assert {"run", "test", "bench"} <= targets
    assert not [target for target in targets if f"\n{target}:" not in makefile]


@pytest.mark.parametrize("line", commands("flask --app") + commands(".venv/bin/flask"), ids=" ".join)
def test_every_flask_command_is_there(line):
    words = line[3:]
    assert words[0] == "webhooks"
    found = webhooks
    for word in words[1:]:
        if word == "…" or not hasattr(found, "commands"):
            break
        assert word in found.commands, f"{' '.join(line)}: there is no {word}"
        found = found.commands[word]


def test_the_three_lines_without_make_are_those_of_the_makefile():
    lines = next(block for block in blocks("sh") if "python3 -m venv" in block).splitlines()

    assert lines == [
        "python3 -m venv .venv",
        ".venv/bin/pip install -r requirements.txt",
        ".venv/bin/flask --app wsgi webhooks up",
    ]


def test_the_procfile_holds_the_lines_of_the_deployment():
    for line in (ROOT / "Procfile").read_text("utf-8").splitlines():
        assert line.partition(": ")[2] in README
