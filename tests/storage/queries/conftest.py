"""With what do pages read? A session that takes no lock, so that a test can write beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from webhooks_app.engine import Engine


@pytest.fixture
def session(any_engine: Engine) -> Iterator[Session]:
    bind = any_engine.sessions.kw["bind"].execution_options(sqlite_begin="DEFERRED")
    with Session(bind, expire_on_commit=False) as session:
        yield session
