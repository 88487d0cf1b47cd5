"""Are connections set up as the design says, so that writers wait and a crash loses nothing?"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tests.patience import PATIENCE, wait_until
from webhooks_app.storage.database import engine_options, make_engine, sessions_for
from webhooks_app.storage.faults import DAMAGED, sentence_for


@pytest.fixture
def sqlite(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER)")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "pragma, value",
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: a commit that was answered survives a power cut
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
    ],
)
def test_every_sqlite_connection_has_our_settings(sqlite, pragma, value):
    with sqlite.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_session_that_writes_takes_the_lock_when_it_begins(sqlite):
    with sessions_for(sqlite)() as session:
        session.connection()

        with sqlite.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout=0")
            with pytest.raises(sa.exc.OperationalError, match="locked"):
                other.exec_driver_sql("INSERT INTO numbers VALUES (1)")


def test_a_reader_is_not_kept_waiting_by_a_writer(sqlite):
    with sessions_for(sqlite)() as session:
        session.execute(sa.text("INSERT INTO numbers VALUES (1)"))

        with sqlite.connect() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM numbers").scalar() == 0


def test_two_sessions_that_read_and_then_write_lose_no_update(sqlite):
    sessions = sessions_for(sqlite)
    with sessions.begin() as session:
        session.execute(sa.text("INSERT INTO numbers VALUES (0)"))

    def add_one() -> None:
        with sessions.begin() as session:
            number = session.scalar(sa.text("SELECT n FROM numbers"))
            time.sleep(0.005)
            session.execute(sa.text("UPDATE numbers SET n = :n"), {"n": number + 1})

    threads = [threading.Thread(target=add_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with sqlite.connect() as connection:
        assert connection.exec_driver_sql("SELECT n FROM numbers").scalar() == 6


def test_a_rolled_back_transaction_leaves_nothing_not_even_a_table(sqlite):
    with sqlite.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE gone (n INTEGER)")
        connection.rollback()

    assert sa.inspect(sqlite).get_table_names() == ["numbers"]


def test_rows_stay_readable_after_the_commit(any_engine):
    from tests.factories import make_event

    assert make_event(any_engine).hook == "person"


def test_postgresql_statements_are_not_prepared(database_url):
    engine = make_engine(database_url)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            driver = connection.connection.dbapi_connection
            assert driver.prepare_threshold is None
            for _ in range(8):
                connection.execute(sa.text("SELECT 1"))
            assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() == 0
    engine.dispose()


def test_what_a_failed_statement_held_is_not_told(sqlite):
    """Row 42 of the security plan: the error goes into a log, and payloads and hashes do not."""
    with pytest.raises(sa.exc.OperationalError) as failed, sqlite.begin() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "whsec_abc"})

    assert "nowhere" in str(failed.value)
    assert "whsec_abc" not in str(failed.value)


def test_a_postgresql_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://somebody@127.0.0.1:{silent.getsockname()[1]}/database"
        assert engine_options(url)["connect_args"]["connect_timeout"] == 5
        engine = make_engine(f"{url}?connect_timeout=2&sslmode=disable")
        with pytest.raises(sa.exc.OperationalError, match="timeout"):
            engine.connect()
        engine.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_opens_connections_of_its_own(sqlite):
    with sqlite.connect():
        assert sqlite.pool.checkedout() == 1
        child = os.fork()
        if child == 0:
            os._exit(sqlite.pool.checkedout())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_writer_that_finds_the_lock_taken_lines_up(sqlite, tmp_path):
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asked = _statements(sqlite)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(_write, sqlite)
        wait_until(lambda: asked.count("BEGIN IMMEDIATE") >= 3, what="a writer that looks again")
        other.execute("COMMIT")
        written.result(PATIENCE)

    assert asked[-1] == "COMMIT"
    other.close()


def test_a_writer_that_lines_up_in_vain_hears_of_it(sqlite, tmp_path):
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sa.exc.OperationalError, match="locked"):
        _write(sqlite.execution_options(sqlite_patience=0.05))

    other.close()


def test_whoever_lined_up_has_the_usual_patience_afterwards(sqlite):
    with sessions_for(sqlite).begin() as session:
        assert session.scalar(sa.text("PRAGMA busy_timeout")) == 5000


def _write(sqlite):
    with sessions_for(sqlite).begin() as session:
        session.execute(sa.text("INSERT INTO numbers VALUES (1)"))


def _statements(sqlite):
    """What the pool's connection is asked from now on."""
    asked = []
    with sqlite.connect() as connection:
        connection.connection.dbapi_connection.set_trace_callback(asked.append)
    return asked


def test_a_file_that_was_damaged_raises_as_any_statement_does(sqlite, tmp_path):
    with sqlite.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA shrink_memory")  # so that the file is read again
    with (tmp_path / "x.db").open("r+b") as file:
        file.write(b"no database at all")

    with pytest.raises(sa.exc.DatabaseError) as caught, sessions_for(sqlite).begin() as session:
        session.connection()

    assert sentence_for(caught.value) == DAMAGED
