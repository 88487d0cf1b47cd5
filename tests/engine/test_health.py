"""Are a listener's failures counted as they are recorded, and at what price?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests import factories
from tests.fakes import answered
from webhooks_app.engine import Engine
from webhooks_app.engine.claim import claim
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.record import Finished, record
from webhooks_app.storage.health import ListenerHealth
from webhooks_app.storage.models import Listener


def finish(engine: Engine, listener: Listener, *outcomes: Outcome, **columns: object) -> list[Finished]:
    """Claim as many deliveries of the listener, and say that their attempts ended like this."""
    made = [factories.make_delivery(engine, listener=listener, **columns) for _ in outcomes]
    claimed = {one.id: one for one in claim(engine, [one.id for one in made])}
    return [
        Finished(claimed[one.id], None, outcome, engine.clock())
        for one, outcome in zip(made, outcomes, strict=True)
    ]


def health(engine: Engine, listener: Listener) -> ListenerHealth | None:
    with engine.sessions() as session:
        return session.get(ListenerHealth, listener.id)


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    seen: list[str] = []

    def keep(_connection, _cursor, statement, _parameters, _context, _many) -> None:
        seen.append(statement)

    with engine.sessions() as session:
        sa_engine = session.get_bind()
    sa.event.listen(sa_engine, "before_cursor_execute", keep)
    try:
        yield seen
    finally:
        sa.event.remove(sa_engine, "before_cursor_execute", keep)


def test_failed_attempts_in_a_row_are_counted_with_the_first_and_the_last(any_engine, clock):
    listener = factories.make_listener(any_engine)
    began = clock()
    record(any_engine, finish(any_engine, listener, answered(500), answered(503)))
    clock.tick(30)
    record(any_engine, finish(any_engine, listener, answered(404)))

    row = health(any_engine, listener)
    assert (row.failures, len(row.deliveries)) == (3, 3)
    assert (row.first_failure_at, row.last_failure_at) == (began, clock())
    assert row.last_error == "The receiver answered 404."


def test_one_success_clears_the_row(any_engine):
    listener = factories.make_listener(any_engine)
    record(any_engine, finish(any_engine, listener, answered(500), answered(500)))
    record(any_engine, finish(any_engine, listener, answered(200)))

    assert health(any_engine, listener) is None


def test_within_a_group_the_order_counts(any_engine):
    listener = factories.make_listener(any_engine)
    record(any_engine, finish(any_engine, listener, answered(500), answered(200), answered(502)))

    assert health(any_engine, listener).failures == 1


@pytest.mark.parametrize("columns", [{"test": True}, {"replay_no": 1}])
def test_tests_and_replays_do_not_count(any_engine, columns):
    listener = factories.make_listener(any_engine)
    record(any_engine, finish(any_engine, listener, answered(500), **columns))
    assert health(any_engine, listener) is None

    record(any_engine, finish(any_engine, listener, answered(500)))
    record(any_engine, finish(any_engine, listener, answered(200), **columns))
    assert health(any_engine, listener).failures == 1


@pytest.mark.parametrize("error_class", ["internal", "secret_unavailable"])
def test_what_went_wrong_inside_is_not_the_receivers_fault(any_engine, error_class):
    listener = factories.make_listener(any_engine)
    record(any_engine, finish(any_engine, listener, Outcome(error_class=error_class, error="No.")))

    assert health(any_engine, listener) is None


def test_a_group_of_successes_costs_one_look_and_no_write(any_engine):
    one, other = (factories.make_listener(any_engine) for _ in range(2))
    group = finish(any_engine, one, *[answered(200)] * 25) + finish(any_engine, other, *[answered(200)] * 25)

    with statements(any_engine) as seen:
        record(any_engine, group)

    about_health = [each for each in seen if "webhooks_health" in each]
    assert len(about_health) == 1
    assert about_health[0].startswith("SELECT")


def test_a_group_of_failures_costs_a_few_statements_however_large_it_is(any_engine):
    listeners = [factories.make_listener(any_engine) for _ in range(5)]
    group = [one for each in listeners for one in finish(any_engine, each, *[answered(500)] * 9)]

    with statements(any_engine) as seen:
        record(any_engine, group)

    assert len([each for each in seen if "webhooks_health" in each]) <= 3
    assert {health(any_engine, each).failures for each in listeners} == {9}


def test_the_look_goes_along_the_primary_key(any_engine):
    with any_engine.sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text("SET enable_seqscan = off"))  # the table is empty here
            explain = "EXPLAIN "
        else:
            explain = "EXPLAIN QUERY PLAN "
        query = "SELECT listener_id FROM webhooks_health WHERE listener_id IN ('a', 'b')"
        plan = " ".join(str(row) for row in session.execute(sa.text(explain + query)))

    assert "INDEX" in plan.upper()
