"""What does a test of a page find ready? The console on the engine of fakes, and browsers of each role.

`client` is nobody's; `viewer`, `operator` and `admin` are signed in. Forms need no CSRF token here, but for
the tests that are about it. `page(client, url)` gives the text of an answer that must be 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.shared_console import lent
from webhooks_app.engine import Engine
from webhooks_app.storage.models import Delivery
from webhooks_app.storage.people import User


@pytest.fixture
def app(built_console: Flask, engine: Engine) -> Iterator[Flask]:
    """The console as `make_console` builds it, with the engine of fakes in place of its own."""
    with lent(built_console, engine, WTF_CSRF_ENABLED=False) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def signed_in(app: Flask, engine: Engine) -> Callable[[str], FlaskClient]:
    """A browser in which somebody of this role is signed in."""

    def sign_in(role: str) -> FlaskClient:
        return client_of(app, factories.make_user(engine, email=f"{role}@example.com", role=role))

    return sign_in


@pytest.fixture
def viewer(signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return signed_in("viewer")


@pytest.fixture
def operator(signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return signed_in("operator")


@pytest.fixture
def admin(signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    return signed_in("admin")


@pytest.fixture
def add_attempt(engine: Engine) -> Callable[..., Any]:
    return partial(factories.make_attempt, engine)


@pytest.fixture
def read_delivery(engine: Engine) -> Callable[[Delivery], Delivery]:
    """A delivery as it stands in the database now."""

    def read(delivery: Delivery) -> Delivery:
        with engine.sessions() as session:
            return session.get_one(Delivery, delivery.id)

    return read


def client_of(app: Flask, user: User) -> FlaskClient:
    """A browser with the session that signing in would have made."""
    browser = app.test_client()
    now = int(app.extensions["webhooks"].engine.clock().timestamp())
    with browser.session_transaction() as session:
        session.update(_user_id=user.get_id(), _fresh=True, signed_in_at=now, seen_at=now)
    return browser


def page(browser: FlaskClient, url: str, **options: Any) -> str:
    """The text of a page, its white space folded; the answer must be 200."""
    answer = browser.get(url, **options)
    assert answer.status_code == 200, f"{url} answered {answer.status}"
    return text_of(answer)


def text_of(answer: Any) -> str:
    """The markup of an answer with its white space folded."""
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))
