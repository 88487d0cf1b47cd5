"""Is a listener's newest attempt found, though an old delivery may be tried after a new one?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import make_attempt, make_delivery, make_listener
from webhooks_app.storage.models import Status
from webhooks_app.storage.queries import attempts, figures, listeners
from webhooks_app.storage.queries.last_errors import last_errors

MINUTE = timedelta(minutes=1)


@pytest.fixture
def since(clock):
    return clock() - timedelta(hours=24)


@pytest.fixture
def retried(any_engine, clock):
    """A listener with an old delivery that failed again after a newer one had arrived; and that delivery."""
    listener = make_listener(any_engine)
    wrong = {"status": Status.RETRYING, "last_status_code": 500, "last_error_class": "http_500"}
    old = make_delivery(any_engine, listener=listener, attempt_count=2, **wrong)
    make_attempt(any_engine, old, status_code=500, error_class="http_500")
    clock.tick(60)
    fresh = make_delivery(
        any_engine, listener=listener, status=Status.DELIVERED, attempt_count=1, last_status_code=200
    )
    make_attempt(any_engine, fresh)
    clock.tick(60)
    make_attempt(any_engine, old, number=2, status_code=500, error_class="http_500", error="Again.")
    test = make_delivery(any_engine, listener=listener, status=Status.DELIVERED, test=True, attempt_count=1)
    make_attempt(any_engine, test, started_at=clock.tick(60))
    return listener, old


def test_the_last_answer_is_that_of_the_newest_attempt(session, retried, clock, since):
    listener, _ = retried

    health = listeners.health(session, [listener.id], since)[listener.id]

    assert (health.last_status_code, health.last_error, health.last_at) == (500, "Again.", clock() - MINUTE)


def test_the_last_error_is_that_of_the_newest_attempt_that_went_wrong(
    any_engine, session, retried, clock, since
):
    listener, old = retried
    other = make_delivery(any_engine, listener=listener, status=Status.DELIVERED, attempt_count=1)
    make_attempt(any_engine, other)

    found = last_errors(session, figures.failures(session, since), [listener.id], since)

    [one] = found.values()
    assert (one.delivery_id, one.error, one.started_at) == (old.id, "Again.", clock() - MINUTE)


def test_beyond_the_newest_of_all_attempts_it_is_not_searched(any_engine, session, retried, clock, since):
    listener, _ = retried
    make_attempt(any_engine, make_delivery(any_engine))

    assert attempts.newest_of(session, [listener.id], since, most=2) == {}
    assert attempts.newest_of(session, [listener.id], clock() + MINUTE) == {}
    assert set(attempts.newest_of(session, [listener.id], since)) == {listener.id}
