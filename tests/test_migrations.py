"""Do the migrations make what the models describe, and take it back, with rows in the tables?"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.build import build_engine
from tests.factories import make_delivery, make_listener
from webhooks_app.storage import migrations
from webhooks_app.storage.database import make_engine
from webhooks_app.storage.models import Base, Delivery, Listener


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """A database without any table."""
    engine = make_engine(database_url)
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS hosts_own"))
    migrations.downgrade(engine, "base")
    engine.dispose()


def ours(engine: sa.Engine) -> set[str]:
    return {name for name in sa.inspect(engine).get_table_names() if name in Base.metadata.tables}


def test_there_is_one_newest_revision():
    assert len(ScriptDirectory(str(migrations.folder())).get_heads()) == 1


def test_a_migration_is_named_by_its_date_revision_and_subject():
    names = [path.name for path in (migrations.folder() / "versions").glob("*.py")]

    assert names
    assert [name for name in names if not re.fullmatch(r"20\d{6}_[0-9a-f]{12}_[a-z0-9_]+\.py", name)] == []


def test_the_migrations_make_exactly_what_the_models_describe(database):
    migrations.upgrade(database)

    with database.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_server_default": True,
                "include_object": lambda _thing, name, kind, _reflected, _other: (
                    kind != "table" or name in Base.metadata.tables
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_indexes_ask_for_the_same_rows_as_the_models_do(database):
    migrations.upgrade(database)
    migrated = _partial_indexes(database)
    migrations.downgrade(database, "base")
    Base.metadata.create_all(database)
    created = _partial_indexes(database)
    Base.metadata.drop_all(database)

    assert len(created) == 8
    assert migrated == created


def test_migrating_up_and_down_and_up_again_leaves_the_same_tables(database):
    migrations.upgrade(database)
    migrations.downgrade(database, "base")
    assert ours(database) == set()

    migrations.upgrade(database)

    assert ours(database) == set(Base.metadata.tables)


def test_a_filled_database_goes_down_although_its_rows_refer_to_each_other(database, database_url, tmp_path):
    migrations.upgrade(database)
    with build_engine(database_url, folder=tmp_path) as engine:
        make_delivery(engine, listener=make_listener(engine))

    migrations.downgrade(database, "base")

    assert ours(database) == set()


def test_listeners_that_are_there_get_the_keys_that_find_them(database, database_url, tmp_path):
    migrations.upgrade(database)
    filters = [{"name": {"is": "Joe"}}, {}, {"name": {"resembles": "Joe"}}, *[{"total": {"is": 5}}] * 1_000]
    with build_engine(database_url, folder=tmp_path) as engine, engine.sessions.begin() as session:
        now = engine.clock()
        moments = {"state_since": now, "created_at": now, "updated_at": now}
        rows = [
            {"hook": "person", "url": "", "name": str(each), "filter": each, **moments} for each in filters
        ]
        session.execute(sa.insert(Listener), rows)

    migrations.downgrade(database, "5b0c9d1e7a42")
    migrations.upgrade(database)

    with database.connect() as connection:
        keys = connection.scalars(sa.select(Listener.access_key)).all()
    assert Counter(keys) == {'is:name="Joe"': 1, "*": 2, "is:total=5": 1_000}


def test_what_is_queued_already_counts_as_queued_among_the_quick_ones(database, database_url, tmp_path):
    migrations.upgrade(database)
    with build_engine(database_url, folder=tmp_path) as engine:
        make_delivery(engine, queued_at=engine.clock(), slow=True)

    migrations.downgrade(database, "c07d4be215fa")
    migrations.upgrade(database)

    with database.connect() as connection:
        rows = connection.execute(sa.select(Delivery.slow, Delivery.queued_at.is_not(None))).all()
    assert [tuple(row) for row in rows] == [(False, True)]


def test_the_hosts_tables_and_its_revision_are_left_alone(database):
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE hosts_own (id INTEGER PRIMARY KEY)"))

    migrations.upgrade(database)
    migrations.downgrade(database, "base")

    assert "hosts_own" in sa.inspect(database).get_table_names()
    assert "alembic_version" not in sa.inspect(database).get_table_names()


def test_the_demos_table_is_not_migrated(database):
    migrations.upgrade(database)

    assert not [name for name in sa.inspect(database).get_table_names() if "person" in name or "demo" in name]


def test_two_processes_may_migrate_at_the_same_moment(database, database_url):
    folder = Path(__file__).parent.parent
    program = (
        "import sys; from webhooks_app.storage import database, migrations;"
        "migrations.upgrade(database.make_engine(sys.argv[1]))"
    )

    def migrate(_: int) -> int:
        run = [sys.executable, "-c", program, database_url]
        return subprocess.run(run, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}).returncode

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(migrate, range(2))) == [0, 0]
    assert ours(database) == set(Base.metadata.tables)


def test_the_present_revision_is_known_before_and_after(database):
    with database.connect() as connection:
        assert migrations.current(connection) is None

    migrations.upgrade(database)

    with database.connect() as connection:
        assert migrations.current(connection) == migrations.head()


def test_foreign_keys_count_again_after_a_migration(database):
    if database.dialect.name == "postgresql":
        migrations.upgrade(database)
        return
    migrations.upgrade(database)

    with database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def _partial_indexes(engine: sa.Engine) -> dict[str, str]:
    found = {}
    for table in Base.metadata.tables:
        for index in sa.inspect(engine).get_indexes(table):
            options = index.get("dialect_options", {})
            where = options.get(f"{engine.dialect.name}_where")
            if where is not None:
                found[str(index["name"])] = str(where)
    return found
