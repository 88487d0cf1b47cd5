"""Does each condition let SQLite use its small index, where values that are bound later would not?"""

import pytest
import sqlalchemy as sa

from webhooks_app.storage.models import WAITING, Delivery
from webhooks_app.storage.queries.indexed import ENDED_BADLY, IS_SENDING, IS_WAITING


def plan_of(session, condition):
    query = sa.select(Delivery.id).where(condition)
    plans = []

    @sa.event.listens_for(session.get_bind(), "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            asked = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append(asked.fetchone()[3])

    session.execute(query)
    return plans[-1]


@pytest.mark.parametrize(
    "condition, index",
    [
        (IS_WAITING, "due"),
        (IS_SENDING, "lease"),
        (ENDED_BADLY, "ended_badly"),
    ],
)
def test_a_condition_goes_along_its_index(engine, condition, index):
    with engine.sessions() as session:
        assert f"ix_webhooks_deliveries_{index}" in plan_of(session, condition)


def test_bound_values_would_read_the_whole_table(engine):
    with engine.sessions() as session:
        assert plan_of(session, Delivery.status.in_(WAITING)) == "SCAN webhooks_deliveries"
