"""Are many rows written alike on both databases, and do their errors come as sqlalchemy's?"""

from __future__ import annotations

import traceback
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import factories
from tests.databases import database_in
from webhooks_app.engine import Engine
from webhooks_app.storage.database import make_engine
from webhooks_app.storage.ids import new_id
from webhooks_app.storage.insert import insert_rows
from webhooks_app.storage.models import Attempt

ATTEMPTS = cast("sa.Table", Attempt.__table__)
TEXT = 'tab\tline\nreturn\rback\\slash \\N "quoted" \\. 日本 🙂'


def attempt(engine: Engine, delivery_id: str, number: int, **given: Any) -> dict[str, Any]:
    empty = dict.fromkeys(column.name for column in ATTEMPTS.columns)
    needed = {
        "id": new_id(),
        "delivery_id": delivery_id,
        "number": number,
        "started_at": engine.clock(),
        "url": "https://hooks.example.com/",
        "body_format": "plain",
        "truncated": "",
    }
    return empty | needed | given


def read(session: Session) -> list[dict[str, Any]]:
    rows = session.execute(sa.select(ATTEMPTS).order_by(ATTEMPTS.c.number)).mappings()
    return [dict(row) for row in rows]


def test_every_kind_of_value_is_read_as_it_was_written(any_engine: Engine) -> None:
    delivery_id = factories.make_delivery(any_engine).id
    full = attempt(
        any_engine, delivery_id, 2, duration_ms=0.1 + 0.2, status_code=200, error="", url=TEXT, ip="::1",
        timings={"dns_ms": 0.125}, request_headers=[["x-text", TEXT]], response_headers=[],
        response_body=bytes(range(256)), truncated="body", worker="w",
    )  # fmt: skip
    rows = [attempt(any_engine, delivery_id, 1), full]

    with any_engine.sessions.begin() as session:
        insert_rows(session, ATTEMPTS, rows)

    with any_engine.sessions() as session:
        assert read(session) == rows


def test_no_rows_ask_nothing_of_the_database(any_engine: Engine) -> None:
    with any_engine.sessions() as session:
        insert_rows(session, ATTEMPTS, [])
        assert not session.in_transaction()


def test_rows_go_with_the_transaction_that_wrote_them(any_engine: Engine) -> None:
    delivery_id = factories.make_delivery(any_engine).id
    with any_engine.sessions() as session:
        insert_rows(session, ATTEMPTS, [attempt(any_engine, delivery_id, 1)])
        session.rollback()

        assert read(session) == []


def test_a_row_that_breaks_a_rule_raises_as_any_statement_does(any_engine: Engine) -> None:
    delivery_id = factories.make_delivery(any_engine).id
    twice = [attempt(any_engine, delivery_id, 1), attempt(any_engine, delivery_id, 1)]
    with pytest.raises(sa.exc.IntegrityError), any_engine.sessions.begin() as session:
        insert_rows(session, ATTEMPTS, twice)

    with any_engine.sessions() as session:
        assert read(session) == []


def test_a_lost_connection_raises_as_any_statement_does_and_is_not_used_again(
    postgresql_address: sa.URL,
) -> None:
    numbers = sa.Table("numbers", sa.MetaData(), sa.Column("number", sa.Integer, primary_key=True))
    with database_in(postgresql_address, "webhooks_test_lost") as url:
        engine = make_engine(url.render_as_string(hide_password=False))
        numbers.create(engine)
        with pytest.raises(sa.exc.OperationalError), Session(engine) as session, session.begin():
            _cut_off(engine, session.scalar(sa.text("SELECT pg_backend_pid()")))
            insert_rows(session, numbers, [{"number": 1}])

        with Session(engine) as session, session.begin():
            insert_rows(session, numbers, [{"number": 2}])
            assert session.scalars(sa.select(numbers)).all() == [2]
        engine.dispose()


@pytest.mark.parametrize(
    ("rows", "kind", "sqlstate"),
    [
        ([{"name": "private"}], sa.exc.DataError, "22001"),  # too long: the context quotes it
        ([{"name": "priv"}, {"name": "priv"}], sa.exc.IntegrityError, "23505"),  # twice: the detail does
    ],
)
def test_an_error_says_what_is_wrong_and_none_of_the_values(
    postgresql_address: sa.URL, rows: list[dict[str, str]], kind: type[sa.exc.DBAPIError], sqlstate: str
) -> None:
    names = sa.Table("names", sa.MetaData(), sa.Column("name", sa.String(4), primary_key=True))
    with database_in(postgresql_address, "webhooks_test_told") as url:
        engine = make_engine(url.render_as_string(hide_password=False))
        names.create(engine)
        with pytest.raises(kind) as raised, Session(engine) as session, session.begin():
            insert_rows(session, names, rows)
        engine.dispose()

    error = raised.value
    printed = "".join(traceback.format_exception(error))
    assert getattr(error.orig, "sqlstate", None) == sqlstate
    assert "value" in str(error)  # of PostgreSQL's own sentence
    assert "priv" not in str(error) and "priv" not in printed


def _cut_off(engine: sa.Engine, backend: int | None) -> None:
    with engine.connect() as other:
        other.execute(sa.text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
