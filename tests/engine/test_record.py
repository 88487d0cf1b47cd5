"""What becomes of a delivery once its outcome is known, and who may say so?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.fakes import answered
from webhooks_app.engine.claim import claim
from webhooks_app.engine.headers import HIDDEN
from webhooks_app.engine.outcome import Outcome, Timings
from webhooks_app.engine.record import Finished, record
from webhooks_app.engine.rescue import rescue
from webhooks_app.engine.sending import message_for
from webhooks_app.engine.unbegun import give_back
from webhooks_app.storage.models import Attempt, Delivery, Listener, Status


@pytest.fixture
def finished(engine, make_delivery, clock):
    """Claim a fresh delivery and say that its attempt ended like this."""

    def finish(outcome=None, *, delivery=None):
        [claimed] = claim(engine, [(delivery or make_delivery()).id])
        message = message_for(claimed, now=clock(), source="https://hooks.example.com")
        return Finished(claimed, message, outcome or answered(200), clock())

    return finish


def row_of(engine, one: Finished) -> Delivery:
    with engine.sessions() as session:
        return session.get_one(Delivery, one.claimed.id)


def attempts_of(engine, one: Finished) -> list[Attempt]:
    query = sa.select(Attempt).where(Attempt.delivery_id == one.claimed.id).order_by(Attempt.number)
    with engine.sessions() as session:
        return list(session.scalars(query))


def test_an_accepted_delivery_is_done(engine, finished, clock):
    one = finished(answered(204))
    clock.tick(1)
    record(engine, [one])

    row = row_of(engine, one)
    assert (row.status, row.reason, row.last_status_code, row.last_error_class) == (
        "delivered",
        "",
        204,
        None,
    )
    assert row.finished_at == clock()
    assert (row.attempt_count, row.tries) == (1, 1)
    assert (row.lease_token, row.lease_until) == (None, None)


def test_a_failed_one_waits_for_its_next_moment(engine, finished, clock):
    one = finished(answered(500))
    record(engine, [one])

    row = row_of(engine, one)
    assert (row.status, row.reason, row.last_error_class) == (
        "retrying",
        "The receiver answered 500.",
        "http_500",
    )
    assert timedelta(seconds=4) <= row.due_at - clock() <= timedelta(seconds=6)
    assert row.finished_at is None


def test_after_the_last_attempt_it_failed(engine, finished, make_delivery, make_listener):
    delivery = make_delivery(listener=make_listener(retry_schedule="1s"), status=Status.RETRYING, tries=1)
    one = finished(Outcome(error_class="dns_failure", error="The name does not resolve."), delivery=delivery)
    record(engine, [one])

    row = row_of(engine, one)
    assert (row.status, row.reason) == ("failed", "All 2 attempts failed. The name does not resolve.")
    assert row.finished_at == engine.clock()


def test_the_attempt_is_kept_with_all_that_was_sent_and_answered(
    engine, finished, make_listener, make_delivery, clock
):
    listener = make_listener(headers={"X-Token": "secret of the receiver"})
    outcome = Outcome(
        status_code=500, error_class="http_500", error="The receiver answered 500 Internal Server Error.",
        ip="127.0.0.1", response_headers=(("server", "x"),), response_body=b"\x00\xff", truncated="size",
        timings=Timings(connect_ms=0.12345, total_ms=7.5),
    )  # fmt: skip
    one = finished(outcome, delivery=make_delivery(listener=listener))
    record(engine, [one])

    [attempt] = attempts_of(engine, one)
    assert (attempt.number, attempt.started_at, attempt.worker) == (1, clock(), "tests")
    assert (attempt.status_code, attempt.error_class, attempt.error) == (
        500,
        "http_500",
        "The receiver answered 500 Internal Server Error.",
    )
    assert (attempt.url, attempt.ip, attempt.duration_ms) == (listener.url, "127.0.0.1", 7.5)
    assert attempt.timings == {"connect_ms": 0.123, "total_ms": 7.5}
    assert attempt.response_headers == [["server", "x"]]
    assert (attempt.response_body, attempt.truncated) == (b"\x00\xff", "size")
    sent = dict(attempt.request_headers)
    assert sent["x-token"] == HIDDEN
    assert sent["webhook-id"].startswith("evt_")
    assert "secret of the receiver" not in str(attempt.request_headers)


def test_the_addresses_that_were_passed_over_are_kept(engine, finished):
    one = finished(Outcome(status_code=200, ip="203.0.113.9", skipped_ips=("10.0.0.1", "fd00::1")))
    other = finished(Outcome(status_code=200))
    record(engine, [one, other])

    assert [attempts_of(engine, each)[0].skipped_ips for each in (one, other)] == [
        ["10.0.0.1", "fd00::1"],
        None,
    ]


def test_a_message_that_could_not_be_made_is_kept_as_an_attempt_without_headers(engine, finished):
    one = replace(finished(Outcome(error_class="internal", error="No.")), message=None)
    record(engine, [one])

    [attempt] = attempts_of(engine, one)
    assert (attempt.error_class, attempt.request_headers) == ("internal", [])


def test_a_group_of_all_kinds_is_recorded_together(engine, finished):
    group = [finished(answered(status)) for status in (200, 500, 200, 503, 404)]
    record(engine, group)

    assert [row_of(engine, one).status for one in group] == [
        "delivered", "retrying", "delivered", "retrying", "retrying",
    ]  # fmt: skip
    assert [len(attempts_of(engine, one)) for one in group] == [1] * 5


def test_410_disables_the_listener_and_holds_what_waits_for_it(
    engine, finished, make_listener, make_delivery
):
    listener = make_listener()
    waiting = make_delivery(listener=listener, queued_at=engine.clock())
    other = make_delivery()
    one = finished(answered(410), delivery=make_delivery(listener=listener))
    record(engine, [one])

    with engine.sessions() as session:
        disabled = session.get_one(Listener, listener.id)
        held, untouched = (session.get_one(Delivery, each.id) for each in (waiting, other))
    assert (disabled.state, disabled.state_reason) == ("disabled", "The receiver answered 410 Gone.")
    assert (held.status, held.reason, held.queued_at) == ("held", "The listener is disabled.", None)
    assert untouched.status == "pending"
    assert row_of(engine, one).status == "failed"


def test_a_delivery_that_comes_through_alone_is_no_longer_alone(engine, finished, make_delivery):
    delivery = make_delivery(status=Status.RETRYING, alone=True, crashes=2)
    one = finished(answered(500), delivery=delivery)
    record(engine, [one])

    assert (row_of(engine, one).alone, row_of(engine, one).crashes) == (False, 0)


def test_every_statement_holds_on_both_databases(any_engine, clock):
    given = [factories.make_delivery(any_engine) for _ in range(5)]
    [done, again, gone, late, unsent] = claim(any_engine, [one.id for one in given])
    assert give_back(any_engine, [unsent]) == [unsent.id]
    with any_engine.sessions.begin() as session:
        session.get_one(Delivery, late.id).lease_until = clock() - timedelta(seconds=1)
    assert rescue(any_engine) == 1

    statuses = zip((done, again, gone, late), (200, 500, 410, 200), strict=True)
    record(any_engine, [Finished(one, None, answered(status), clock()) for one, status in statuses])

    with any_engine.sessions() as session:
        rows = [session.get_one(Delivery, one.id) for one in (done, again, gone, late, unsent)]
        assert [row.status for row in rows] == ["delivered", "retrying", "failed", "delivered", "pending"]
        assert session.get_one(Listener, gone.listener.listener_id).state == "disabled"
        superseded = session.scalars(sa.select(Attempt).where(Attempt.delivery_id == late.id)).one()
        assert (superseded.error_class, superseded.status_code) == ("superseded", 200)
