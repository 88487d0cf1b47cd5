"""What does a test of the API find ready? The console on the engine of fakes, and a caller for each scope.

`write("POST", "/listeners", json=…)` calls with a token of that scope; `read` and `publish` likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.shared_console import lent
from webhooks_app.engine import Engine
from webhooks_app.engine.accounts import create_token
from webhooks_app.engine.audit import CODE

Call = Callable[..., TestResponse]


@pytest.fixture
def app(built_console: Flask, engine: Engine) -> Iterator[Flask]:
    # An error that nobody answers fails the test instead of becoming a 500: TESTING says so.
    with lent(built_console, engine) as app:
        yield app


@pytest.fixture
def caller(app: Flask, engine: Engine) -> Callable[[str], Call]:
    """What calls with a new token of a scope."""

    def make(scope: str, **more: Any) -> Call:
        token = create_token(engine, f"{scope} token", scope, by=CODE, **more).token
        return calling(app, token)

    return make


def calling(app: Flask, token: str) -> Call:
    """What calls with this token."""

    def call(
        method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        given = {"Authorization": f"Bearer {token}", **(headers or {})}
        return app.test_client(use_cookies=False).open(
            f"/api/v1{path}", method=method, headers=given, **options
        )

    return call


@pytest.fixture
def read(caller: Callable[[str], Call]) -> Call:
    return caller("read")


@pytest.fixture
def publish(caller: Callable[[str], Call]) -> Call:
    return caller("publish")


@pytest.fixture
def write(caller: Callable[[str], Call]) -> Call:
    return caller("write")


def refused(answer: TestResponse) -> set[tuple[str, str]]:
    """The fields and codes of an answer that must be 422."""
    assert answer.status_code == 422, answer.get_data(as_text=True)
    return {(error["field"], error["code"]) for error in answer.json["errors"]}
