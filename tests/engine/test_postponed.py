"""Can code declare listeners before there are tables, and are they saved once there are?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.build import build_engine
from webhooks_app.engine.declared import save_or_postpone, save_postponed
from webhooks_app.errors import Refused, SecretUnavailable
from webhooks_app.storage import migrations
from webhooks_app.storage.models import Listener

URL = "http://127.0.0.1:8000/receiver"
GIVEN = "whsec_" + "A" * 32


@pytest.fixture
def bare_engine(database_url, tmp_path):
    """An engine on a database without tables, which are taken away again."""
    with build_engine(database_url, folder=tmp_path) as engine:
        yield engine
        migrations.downgrade(engine.sessions.kw["bind"], "base")


def migrate(engine):
    migrations.upgrade(engine.sessions.kw["bind"])


def declare(engine, url=URL, **settings):
    return save_or_postpone(engine, engine.hooks["person"].listener(url=url, **settings).match(name="Joe"))


def urls(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(Listener.url).order_by(Listener.url)).all()


def test_before_there_are_tables_a_listener_waits_and_is_saved_after_the_migration(bare_engine):
    declare(bare_engine)
    declare(bare_engine, URL + "/2")

    assert save_postponed(bare_engine) == 0
    assert len(bare_engine.postponed) == 2

    migrate(bare_engine)
    assert save_postponed(bare_engine) == 2
    assert urls(bare_engine) == [URL, URL + "/2"]
    assert save_postponed(bare_engine) == 0


def test_what_is_declared_twice_before_there_are_tables_is_saved_once(bare_engine):
    declare(bare_engine)
    declare(bare_engine)
    migrate(bare_engine)

    save_postponed(bare_engine)

    assert urls(bare_engine) == [URL]


def test_a_listener_that_waits_is_described_without_an_id(bare_engine):
    waiting = declare(bare_engine, name="Shop", secret=GIVEN)

    assert (waiting.id, waiting.hook, waiting.url, waiting.name) == (None, "person", URL, "Shop")
    assert (waiting.filter, waiting.secret) == ({"name": {"is": "Joe"}}, GIVEN)
    with pytest.raises(SecretUnavailable):
        _ = declare(bare_engine).secret


def test_what_can_never_be_saved_is_refused_at_once(bare_engine):
    with pytest.raises(Refused):
        declare(bare_engine, "ftp://127.0.0.1/x")

    assert len(bare_engine.postponed) == 0


def test_one_that_cannot_be_saved_later_does_not_keep_the_others(bare_engine, caplog):
    hook = bare_engine.hooks["order"]
    save_or_postpone(bare_engine, hook.listener(url=URL + "/order"))
    declare(bare_engine)
    bare_engine.hooks.unregister(hook)
    migrate(bare_engine)

    assert save_postponed(bare_engine) == 1
    assert urls(bare_engine) == [URL]
    assert f"The listener {URL}/order of order is not saved: No hook named 'order'" in caplog.text


def test_an_error_of_a_database_that_is_up_to_date_is_raised(bare_engine):
    migrate(bare_engine)
    with bare_engine.sessions.begin() as session:
        session.execute(sa.text("DROP TABLE webhooks_audit"))
    try:
        with pytest.raises(sa.exc.DBAPIError):
            declare(bare_engine)
    finally:
        with bare_engine.sessions.begin() as session:
            session.execute(sa.text("CREATE TABLE webhooks_audit (at INTEGER, id TEXT)"))
            session.execute(sa.text("CREATE INDEX ix_webhooks_audit_newest ON webhooks_audit (at, id)"))
