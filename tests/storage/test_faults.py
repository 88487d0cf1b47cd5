"""Does a person learn why the database refused, and what to do?"""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from webhooks_app.storage.database import make_engine
from webhooks_app.storage.faults import AWAY, BUSY, CROWDED, DAMAGED, FULL, READ_ONLY, sentence_for


def of_postgresql(sqlstate: str) -> sa.exc.DBAPIError:
    cause = psycopg.errors.lookup(sqlstate)("said so")
    return sa.exc.OperationalError("INSERT", {}, cause)


@pytest.mark.parametrize(
    "sqlstate, sentence",
    [
        ("53100", FULL),
        ("53300", CROWDED),
        ("25006", READ_ONLY),
        ("55P03", BUSY),
        ("57014", BUSY),
        ("40P01", BUSY),
        ("58030", DAMAGED),
        ("57P01", AWAY),  # admin_shutdown: it is about to be away
    ],
)
def test_what_postgresql_says(sqlstate, sentence):
    assert sentence_for(of_postgresql(sqlstate)) == sentence


def test_a_server_that_is_not_there_is_away():
    engine = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(sa.exc.OperationalError) as caught:
        engine.connect()

    assert sentence_for(caught.value) == AWAY


def test_a_pool_that_is_used_up_is_busy():
    assert sentence_for(sa.exc.TimeoutError("QueuePool limit")) == BUSY


@pytest.fixture
def database(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/webhooks.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a TEXT)")
    yield engine
    engine.dispose()


def refused(engine, statement: str, *, first: str) -> str:
    with pytest.raises(sa.exc.DBAPIError) as caught, engine.begin() as connection:
        connection.exec_driver_sql(first)
        connection.exec_driver_sql(statement)
    return sentence_for(caught.value)


def test_a_full_disk_is_told_from_a_database_that_may_not_be_written(database):
    fill = "INSERT INTO t SELECT hex(randomblob(100000))"

    assert refused(database, fill, first="PRAGMA max_page_count = 3") == FULL
    assert refused(database, fill, first="PRAGMA query_only = 1") == READ_ONLY


def test_a_database_that_another_process_holds_is_busy(database, tmp_path):
    other = sqlite3.connect(tmp_path / "webhooks.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    assert refused(database, "INSERT INTO t VALUES ('x')", first="PRAGMA busy_timeout = 1") == BUSY
    other.close()


def test_a_file_that_is_no_database_is_damaged(tmp_path):
    (tmp_path / "webhooks.db").write_bytes(b"not a database, but long enough to be looked at" * 100)
    engine = make_engine(f"sqlite:///{tmp_path}/webhooks.db")
    with pytest.raises(sa.exc.DBAPIError) as caught:
        engine.connect()

    assert sentence_for(caught.value) == DAMAGED
    engine.dispose()
