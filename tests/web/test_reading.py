"""Does looking at something change anything? Row 56 of the security plan: no GET and no HEAD does."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import factories
from tests.web.conftest import client_of
from tests.web.crawl import addresses, parts_for
from webhooks_app.engine import accounts
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.base import Base

NOTED = {"last_seen_at", "last_used_at"}  # when somebody was here last


def everything(engine):
    """Every row of every table, but for the columns that are to change."""
    found = {}
    with engine.sessions() as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name not in NOTED]
            found[table.name] = sorted(map(repr, session.execute(sa.select(*columns)).all()))
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_address_changes_anything_when_it_is_read(app, engine, make_listener, queue, method):
    user = factories.make_user(engine)
    parts = parts_for(engine, make_listener(headers={"x-tenant": "7"}), user)
    bearer = {"Authorization": f"Bearer {accounts.create_token(engine, 'a', 'write', by=CODE).token}"}
    browser, before, queued = client_of(app, user), everything(engine), list(queue.pushed)

    for _endpoint, address in addresses(app, parts, method):
        with browser.open(
            address, method=method, headers=bearer if address.startswith("/api/") else {}
        ) as answer:
            assert answer.status_code != 500, address

    assert everything(engine) == before
    assert queue.pushed == queued


def test_a_poll_and_a_preview_change_nothing_either(app, engine, make_listener):
    user = factories.make_user(engine)
    browser, before = client_of(app, user), everything(engine)

    browser.post("/listeners/preview", data={"hook": "person", "url": "https://example.com/"})

    assert everything(engine) == before
