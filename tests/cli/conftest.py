"""What does a command need? An application with a console of fakes; `run` types the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from webhooks_app import cli
from webhooks_app.console import Console
from webhooks_app.engine import Engine
from webhooks_app.extensions import db
from webhooks_app.storage import database

Run = Callable[..., Result]


@pytest.fixture
def app(engine: Engine) -> Iterator[Flask]:
    app = Flask("webhooks_app")
    app.config["SQLALCHEMY_DATABASE_URI"] = engine.settings.database_url
    db.init_app(app)
    with app.app_context():
        sa_engine = db.engine
    database.settle(sa_engine)
    app.extensions["webhooks"] = Console(app, engine, engine.settings, sa_engine)
    cli.register(app)
    yield app
    sa_engine.dispose()


@pytest.fixture
def run(app: Flask) -> Run:
    """Type `webhooks …`; gives exit_code, stdout and stderr. `refused` must come in one line on stderr."""

    def typed(*words: str, typed_in: str | None = None, **more: Any) -> Result:
        return app.test_cli_runner().invoke(args=["webhooks", *words], input=typed_in, **more)

    return typed


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Type what is refused; gives the sentence, after checking that it is one line and the exit status 1."""

    def typed(*words: str, **more: Any) -> str:
        result = run(*words, **more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    return typed
